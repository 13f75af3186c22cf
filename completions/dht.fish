# SPDX-License-Identifier: BSD-2-Clause
# Completions of dht(1) for fish.

function __dht_profiles
    set -l folder ~/.config
    set -q XDG_CONFIG_HOME; and set folder $XDG_CONFIG_HOME
    sed -n 's/^[[:space:]]*\[profile[[:space:]]\{1,\}\([^]]*\)\].*/\1/p' \
        {/usr/local,}/etc/dht/client.ini $folder/dht/client.ini 2>/dev/null
end

# Whether the command is one of these words; 'none' where there is none yet.
function __dht_at
    set -l words (commandline -opc)
    set -l value
    for word in $words[2..-1]
        if set -q value[1]
            set value
        else if contains -- $word -S --server -p --profile -o --output --timeout --tries --key
            set value $word
        else if not string match -q -- '-*' $word
            contains -- $word $argv
            return
        end
    end
    test "$argv" = none
end

complete -c dht -f
complete -c dht -s S -l server -x -a '(__fish_print_hostnames)' -d 'Servers, tried in this order'
complete -c dht -s p -l profile -x -a '(__dht_profiles)' -d 'A profile of client.ini'
complete -c dht -s o -l output -x -a 'table plain json' -d 'How to print'
complete -c dht -l timeout -x -d 'Of the first try (500ms)'
complete -c dht -l tries -x -d 'Over all servers (6)'
complete -c dht -l key -r -F -d 'Signs requests; NAME HEX64'
complete -c dht -l base -d 'Speak only the base messages'
complete -c dht -s h -l help -d Help
complete -c dht -s V -l version -d 'The versions'

complete -c dht -n '__dht_at none' -a get -d 'Who has it'
complete -c dht -n '__dht_at none' -a put -d 'Announce that this machine (or --ip) has it'
complete -c dht -n '__dht_at none' -a drop -d 'Withdraw it'
complete -c dht -n '__dht_at none' -a want -d 'Wait until somebody has it, and print who'
complete -c dht -n '__dht_at none' -a hash -d 'Print the SHA-256 of files'
complete -c dht -n '__dht_at none' -a ping -d 'Is a server there'
complete -c dht -n '__dht_at none' -a servers -d 'Who else is there'
complete -c dht -n '__dht_at none' -a exit -d 'Ask the server to stop; needs its password'
complete -c dht -n '__dht_at none' -a bench -d 'Load a server, print rate and latency'

complete -c dht -n '__dht_at get put drop want' -s f -l file -r -F -d "A file's SHA-256"
complete -c dht -n '__dht_at get put drop want hash' -s d -l dir -x \
    -a '(__fish_complete_directories)' -d 'All files below a folder'
complete -c dht -n '__dht_at get put drop want' -l stdin -d 'A hash on each line of standard input'
complete -c dht -n '__dht_at put drop' -l ip -x -d "The provider's address"
complete -c dht -n '__dht_at put drop' -l port -x -d 'Its port'
complete -c dht -n '__dht_at put' -l ttl -x -d 'How long it is remembered'
complete -c dht -n '__dht_at put' -l keep -d 'Stay, and renew before it expires'
complete -c dht -n '__dht_at want' -l wait -x -d 'At most so long'
complete -c dht -n '__dht_at want' -l follow -d 'Tell every change, until interrupted'
complete -c dht -n '__dht_at hash' -F
complete -c dht -n '__dht_at hash' -l stdin -d 'What standard input gives'
complete -c dht -n '__dht_at exit' -l password-file -r -F -d 'Its first line is the password'
complete -c dht -n '__dht_at exit' -l wait -x -d 'How long the server may take (10s)'
complete -c dht -n '__dht_at bench' -l seconds -x -d 'How long (5s)'
complete -c dht -n '__dht_at bench' -l hashes -x -d 'Different ones (10000)'
complete -c dht -n '__dht_at bench' -l get-share -x -d 'Per cent of requests that are gets (90)'
complete -c dht -n '__dht_at bench' -l connections -x -d 'Sockets, each with a thread (4)'
complete -c dht -n '__dht_at bench' -l depth -x -d 'Requests under way on each (16)'
