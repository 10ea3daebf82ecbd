# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# fish completion for echoc(1).

# __echoc_command NAME...: whether the first argument is one of these commands.
function __echoc_command
    set -l words (commandline -opc)
    set -q words[2]; and contains -- $words[2] $argv
end

# __echoc_connects: whether it is no command, or one that takes an ADDRESS.
function __echoc_connects
    not __echoc_command compare
end

function __echoc_copies
    not __echoc_command ping load check compare
end

function __echoc_is_first
    test (count (commandline -opc)) = 1
end

complete -c echoc -f
complete -c echoc -n __echoc_is_first -a ping -d 'Measure round trips'
complete -c echoc -n __echoc_is_first -a load -d 'Run many clients at once'
complete -c echoc -n __echoc_is_first -a check -d 'Test server and path'
complete -c echoc -n __echoc_is_first -a compare -d 'Compare results of load'

# ADDRESS: a path has a "/".
complete -c echoc -n __echoc_connects -a '(__fish_print_hostnames)'
complete -c echoc -n 'string match -q "*/*" -- (commandline -ct)' -F
complete -c echoc -n '__echoc_command compare' -F

complete -c echoc -s h -l help -d 'Print help and exit'
complete -c echoc -s V -l version -d 'Print the version and exit'

set -l if __echoc_connects
complete -c echoc -n $if -s 4 -d 'Use IPv4 only'
complete -c echoc -n $if -s 6 -d 'Use IPv6 only'
complete -c echoc -n $if -l bind -x -d 'Connect from these addresses'
complete -c echoc -n $if -l connect-timeout -x -d 'Time limit for a connect'
complete -c echoc -n $if -l dscp -x -a 'EF LE CS{0,1,2,3,4,5,6,7} \
    AF{1,2,3,4}{1,2,3}' -d 'Mark the packets'
complete -c echoc -n $if -l reply-timeout -x -d 'Time limit for a reply'
complete -c echoc -n $if -s w -l timeout -x -d 'Set both timeouts'

set -l if __echoc_copies
complete -c echoc -n $if -l verify -d 'Compare the echo, do not print it'

set -l if '__echoc_command ping load check'
complete -c echoc -n $if -l json -d 'Print JSON'

set -l if '__echoc_command ping load'
complete -c echoc -n $if -s n -l count -x -d 'Number of messages'
complete -c echoc -n $if -s s -l size -x -d 'Size of a message'
complete -c echoc -n $if -s i -l interval -x -d 'Time between messages or lines'
complete -c echoc -n $if -s T -l time -x -d Duration

set -l if '__echoc_command ping'
complete -c echoc -n $if -s c -x -d 'Number of messages'
complete -c echoc -n $if -s D -l timestamps -d 'Begin lines with the time'
complete -c echoc -n $if -l new -d 'Open a new connection for each message'
complete -c echoc -n $if -s q -l quiet -d 'Print only the header and the summary'

set -l if '__echoc_command load check'
complete -c echoc -n $if -s c -l clients -x -d 'Number of concurrent clients'

set -l if '__echoc_command load'
complete -c echoc -n $if -l rate -x -d 'Messages a second, over all clients'
complete -c echoc -n $if -l stream -d 'Send in bulk, do not wait for replies'
complete -c echoc -n $if -l churn -d 'Open a new connection for each message'
complete -c echoc -n $if -l hold -d 'Send one message, then stay idle'
complete -c echoc -n $if -l threads -x -d 'Number of threads'
complete -c echoc -n $if -l csv -d 'Print the latency histogram'
complete -c echoc -n $if -l hgrm -r -F -d 'Write percentiles'
complete -c echoc -n $if -l plot -r -F -d 'Write a plot of the latency'

set -l if '__echoc_command check'
complete -c echoc -n $if -l explain -d 'Say what each result means'
complete -c echoc -n $if -l idle -x -d 'Test an idle connection for this long'

set -l if '__echoc_command compare'
complete -c echoc -n $if -l margin -x -d 'Take less for no difference'
