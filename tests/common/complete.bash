# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# shellcheck shell=bash
# bash reads this file in place of ~/.bashrc and a line from standard input. The
# test's keys after it insert all completions of the last word, and call show.
# shellcheck source=/dev/null
for file in "$SRCDIR"/completion/bash/*; do
    . "$file"
done
echo 127.0.0.1 a-host >../hosts
HOSTFILE=../hosts
unset HISTFILE
show() {
    printf '%s\n' "$READLINE_LINE" >&3
    READLINE_LINE=
    READLINE_POINT=0
}
bind -x '"\C-xs": show'
