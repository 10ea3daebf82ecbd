# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# shellcheck shell=sh disable=SC2034
# What the shell tests share: TAP lines, and a running echod.
# A test sources this, calls the functions, and ends with "finish".

: "${ECHOD:?must name the program}" "${SRCDIR:?must name the source folder}"
work=$(mktemp -d) || exit 1
count=0
server=

clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# check NAME COMMAND...: ok if the command succeeds.
check() {
    name=$1
    shift
    count=$((count + 1))
    if "$@" >"$work/check" 2>&1; then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        sed 's/^/# /' "$work/check"
    fi
}

# skip NAME WHY: say that something could not be tested.
skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

finish() {
    echo "1..$count"
}

# run ARG...: echod's status, standard output and error.
run() {
    "$ECHOD" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

# serve ARG...: start echod; its first port is in $port.
serve() {
    mkfifo "$work/ready"
    "$ECHOD" "$@" >"$work/ready" 2>"$work/log.err" </dev/null &
    server=$!
    # Hold the pipe open, so that the reports to come have a reader.
    exec 9<"$work/ready"
    read -r line <&9
    rm "$work/ready"
    port=${line##*:}
}

# stop: SIGTERM, and echod's status.
stop() {
    kill "$server"
    wait "$server"
    status=$?
    server=
    exec 9<&-
    return "$status"
}
