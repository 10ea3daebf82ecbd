# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# zsh reads this file in place of ~/.zshrc. When it has started its line editor,
# it completes the last word of each line of the file ../lines, prints the line
# with all completions to the file ../zsh.out, and ends.
fpath=("$SRCDIR/completion/zsh" $fpath)
autoload -Uz compinit && compinit -u -D
zstyle ':completion:*' hosts a-host
complete-all() {
    _main_complete
    compstate[insert]=all
}
zle -C complete-all complete-word complete-all
zle-line-init() {
    local line
    for line in "${(@f)$(<../lines)}"; do
        BUFFER=$line
        CURSOR=$#line
        zle complete-all
        print -r -- $BUFFER
    done >../zsh.out
    exit
}
zle -N zle-line-init
