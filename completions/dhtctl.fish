# SPDX-License-Identifier: BSD-2-Clause
# Completions of dhtctl(8) for fish.

# Words of what the daemon that is asked answers to a command: those that the pattern of a line of its
# JSON finds; none, and at once, where there is none.
function __dhtctl_words -a command pattern
    set -l socket
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case -s --socket
                set socket -s $words[(math $i + 1)]
            case '--socket=*'
                set socket $words[$i]
        end
    end
    timeout 1 dhtctl $socket -o json $command 2>/dev/null | sed -n 's/^ *'$pattern'.*/\1/p'
end

function __dhtctl_settings
    __dhtctl_words config '"path": "\([a-z_.]*\)"'
end

function __dhtctl_peers
    __dhtctl_words peers '"address": "\([0-9a-fA-F.:]*\)"'
end

# What keys does, or behind that the ids of the keys.
function __dhtctl_keys
    set -l words (commandline -opc)
    if contains -- $words[-1] use remove
        __dhtctl_words keys '"id": "\([0-9a-f]*\)"'
    else
        printf '%s\n' list add use remove
    end
end

# Whether the command is one of these words; 'none' where there is none yet.
function __dhtctl_at
    set -l words (commandline -opc)
    set -l value
    for word in $words[2..-1]
        if set -q value[1]
            set value
        else if contains -- $word -s --socket -o --output
            set value $word
        else if not string match -q -- '-*' $word
            contains -- $word $argv
            return
        end
    end
    test "$argv" = none
end

complete -c dhtctl -f
complete -c dhtctl -s s -l socket -r -F -d "The daemon's control socket"
complete -c dhtctl -s o -l output -x -a 'table json' -d 'How to print'
complete -c dhtctl -s h -l help -d Help
complete -c dhtctl -s V -l version -d 'The version'

complete -c dhtctl -n '__dhtctl_at none' -a status -d 'How the server is'
complete -c dhtctl -n '__dhtctl_at none' -a peers -d 'The other servers of the cluster'
complete -c dhtctl -n '__dhtctl_at none' -a partitions -d 'Which server owns what'
complete -c dhtctl -n '__dhtctl_at none' -a stats -d 'Every counter since the start, or rates'
complete -c dhtctl -n '__dhtctl_at none' -a lookup -d 'Who has a hash, as this server knows'
complete -c dhtctl -n '__dhtctl_at none' -a explain -d 'Where a hash is kept'
complete -c dhtctl -n '__dhtctl_at none' -a config -d 'The settings it runs with'
complete -c dhtctl -n '__dhtctl_at none' -a reload -d 'Read the configuration again'
complete -c dhtctl -n '__dhtctl_at none' -a shutdown -d 'Stop the server'
complete -c dhtctl -n '__dhtctl_at none' -a wait -d 'Wait until the server is there'
complete -c dhtctl -n '__dhtctl_at none' -a drain -d 'Hand over everything to others'
complete -c dhtctl -n '__dhtctl_at none' -a undrain -d 'Own a share again'
complete -c dhtctl -n '__dhtctl_at none' -a add-peer -d 'Ask another server to join'
complete -c dhtctl -n '__dhtctl_at none' -a drop-peer -d 'Forget a server that is dead'
complete -c dhtctl -n '__dhtctl_at none' -a keys -d 'The keys of the cluster'
complete -c dhtctl -n '__dhtctl_at none' -a log-level -d 'Show how much it logs, or change it'
complete -c dhtctl -n '__dhtctl_at none' -a monitor -d 'The log as it comes'
complete -c dhtctl -n '__dhtctl_at none' -a keygen -d 'Make a key for a cluster'
complete -c dhtctl -n '__dhtctl_at none' -a hash-password -d 'Make of a password what dht.conf can hold'
complete -c dhtctl -n '__dhtctl_at none' -a report -d 'An archive for a bug report'

complete -c dhtctl -n '__dhtctl_at partitions' -s l -l list -d 'All, a line each'
complete -c dhtctl -n '__dhtctl_at stats' -s w -l watch -d 'Go on'
complete -c dhtctl -n '__dhtctl_at stats' -s i -l interval -x -d 'Of --watch (1s)'
complete -c dhtctl -n '__dhtctl_at stats monitor' -s n -l count -x -d 'So many lines'
complete -c dhtctl -n '__dhtctl_at config' -l changed -d 'Only those that are not at their default'
complete -c dhtctl -n '__dhtctl_at config' -a '(__dhtctl_settings)' -d Setting
complete -c dhtctl -n '__dhtctl_at reload' -l dry-run -d 'Only say what would come of it'
complete -c dhtctl -n '__dhtctl_at reload' -s q -l quiet -d 'Print nothing'
complete -c dhtctl -n '__dhtctl_at wait' -s m -l members -x -d 'Servers of the cluster (1)'
complete -c dhtctl -n '__dhtctl_at wait' -s t -l timeout -x -d 'Give up after so long (30s)'
complete -c dhtctl -n '__dhtctl_at drain' -s t -l timeout -x -d 'How long to wait (10m)'
complete -c dhtctl -n '__dhtctl_at drop-peer' -a '(__dhtctl_peers)' -d Server
complete -c dhtctl -n '__dhtctl_at keys' -s f -l key-file -r -F -d 'Its first key is added'
complete -c dhtctl -n '__dhtctl_at keys' -a '(__dhtctl_keys)'
complete -c dhtctl -n '__dhtctl_at log-level' -a 'error warning notice info debug'
complete -c dhtctl -n '__dhtctl_at monitor' -s l -l level -x -a 'error warning notice info debug' \
    -d 'This level and above'
complete -c dhtctl -n '__dhtctl_at hash-password' -l password-file -r -F -d 'Its first line is the password'
complete -c dhtctl -n '__dhtctl_at report' -s f -l file -r -F -d 'A new file'
