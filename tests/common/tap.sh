# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# shellcheck shell=sh disable=SC2034
# What the shell tests share: TAP lines, commands with their expected output,
# and a running echod. A test sources this file and ends with "finish". It works
# in a temporary directory, with the built programs first in PATH.

: "${ECHOD:?must name the server}" "${ECHOC:?must name the client}"
: "${BADSERVER:?must name the bad server}" "${SRCDIR:?must name the sources}"
work=$(mktemp -d) || exit 1
cd "$work" || exit 1
PATH=${ECHOD%/*}:${ECHOC%/*}:${BADSERVER%/*}:$PATH
count=0
server=
bad_server=

clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    [ -z "$bad_server" ] || kill "$bad_server" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# report STATUS NAME: a TAP line; after a failure, standard input as a comment.
report() {
    count=$((count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        sed 's/^/# /'
    fi
}

skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

finish() {
    echo "1..$count"
}

# assert NAME COMMAND...: the command succeeds.
assert() {
    name=$1
    shift
    "$@" >assert.out 2>&1
    report $? "$name" <assert.out
}

# run NAME COMMAND <<EXPECTED: a command line for sh(1), and what it prints:
# the lines of its standard output; those of its standard error, after "2> ";
# and "exit N" if that is not 0. In EXPECTED the following stands for
#     <n>    a whole number
#     <n.n>  a number with a fraction
#     <*>    any text
#     ...    on a line of its own, any number of lines
run() {
    cat >run.expected
    transcribe "$2" >run.printed
    compare "$1" "$2" run.expected run.printed
}

# run_with TOOL NAME COMMAND <<EXPECTED: the same, skipped without the tool.
run_with() {
    if command -v "$1" >/dev/null; then
        run "$2" "$3"
    else
        skip "$2" "$1 is not installed"
    fi
}

# fails STATUS COMMAND MESSAGE: it prints this line on standard error only.
fails() {
    run "status $1: $2" "$2" <<EXPECTED
2> $3
exit $1
EXPECTED
}

# transcribe COMMAND: what it prints, in the form above.
transcribe() {
    timeout 60 sh -c "$1" </dev/null >run.out 2>run.err
    status=$?
    awk 1 run.out # adds a missing newline at the end
    sed 's/^/2> /' run.err
    [ "$status" -eq 0 ] || echo "exit $status"
}

# compare NAME COMMAND EXPECTED PRINTED: the last two are files.
compare() {
    awk '
        function pattern(line) {
            gsub(/[][\\^$.*+?(){}|]/, "\\\\&", line)
            gsub(/<n\\\.n>/, "[0-9]+[.][0-9]+", line)
            gsub(/<\\\*>/, ".*", line)
            gsub(/<n>/, "[0-9]+", line)
            return "^" line "$"
        }
        FILENAME == ARGV[1] { expected[++lines] = $0; next }
        {
            while (expected[next_line + 1] == "..." && next_line < lines) {
                next_line++
                may_skip = 1
            }
            if (next_line < lines && $0 ~ pattern(expected[next_line + 1])) {
                next_line++
                may_skip = 0
            } else if (!may_skip) {
                failed = 1
                exit 1
            }
        }
        END {
            while (expected[next_line + 1] == "..." && next_line < lines)
                next_line++
            exit failed || next_line < lines
        }' "$3" "$4"
    report $? "$1" <<DETAILS
\$ $2
$(sed 's/^/expected: /' "$3")
$(head -c 8000 "$4" | sed 's/^/printed:  /')
DETAILS
}

# serve ARG...: start echod; its first port is in $port.
serve() {
    mkfifo ready
    echod "$@" >ready 2>echod.err </dev/null &
    server=$!
    exec 9<ready # a reader for the log lines that follow
    read -r line <&9
    rm ready
    port=${line##*:}
}

# stop: end echod with SIGTERM; returns its status.
stop() {
    kill "$server"
    wait "$server"
    status=$?
    server=
    exec 9<&-
    return "$status"
}

# bad_serve FAULT [PATH]: start a server with this fault, in place of the one
# before; its address is in $bad.
bad_serve() {
    bad_stop
    mkfifo "bad.$1"
    badserver "$@" >"bad.$1" 2>/dev/null &
    bad_server=$!
    read -r line <"bad.$1"
    rm "bad.$1"
    bad=${line##* }
}

bad_stop() {
    if [ -n "$bad_server" ]; then
        kill "$bad_server"
        wait "$bad_server" 2>/dev/null
        bad_server=
    fi
}
