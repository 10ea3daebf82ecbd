# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# fish completion for echod(8).

# ADDRESS: a path has a "/".
complete -c echod -f -a '(__fish_print_hostnames)'
complete -c echod -n 'string match -q "*/*" -- (commandline -ct)' -F

complete -c echod -l busy-poll -x -d 'Ask for input this long before sleeping'
complete -c echod -s c -l max-clients -x -d 'Serve at most N clients at once'
complete -c echod -s C -l max-per-host -x -d 'At most N clients of one address'
complete -c echod -s d -l delay -x -d 'Hold each chunk back'
complete -c echod -s g -l grace -x -d 'At a stop, wait this long for clients'
complete -c echod -l group -x -a '(__fish_complete_groups)' \
    -d 'Become this group'
complete -c echod -s i -l inetd -d 'Serve standard input and output, once'
complete -c echod -l ipv6-prefix -x -d 'For -C, count IPv6 addresses by prefix'
complete -c echod -s l -l log -x -a 'text json none' -d 'How to log'
complete -c echod -l mode -x -d 'Mode of a Unix socket'
complete -c echod -l reuseport -d 'Let several servers share an address'
complete -c echod -s t -l timeout -x -d 'End a client that is idle this long'
complete -c echod -l timestamps -d 'Begin each line of text with the time'
complete -c echod -s u -l user -x -a '(__fish_complete_users)' \
    -d 'Become this user'
complete -c echod -s v -l verbose -d 'Also log when a client connects'
complete -c echod -s h -l help -d 'Print help and exit'
complete -c echod -s V -l version -d 'Print the version and exit'
