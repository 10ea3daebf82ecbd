# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# For each line of standard input, print the line with all completions of its
# last word in place of it.
set -p fish_complete_path $SRCDIR/completion/fish
function __fish_print_hostnames
    echo a-host
end
while read -l line
    set -l words (complete -C $line | string replace -r '\t.*' '')
    echo (string replace -r '\S*$' '' -- $line)(string join -- ' ' $words)
end
