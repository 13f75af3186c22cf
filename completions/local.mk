# SPDX-License-Identifier: BSD-2-Clause
# The folders are configure's.
dist_bashcompletion_DATA = completions/dht completions/dhtctl
dist_zshcompletion_DATA = completions/_dht completions/_dhtctl
dist_fishcompletion_DATA = completions/dht.fish completions/dhtctl.fish
