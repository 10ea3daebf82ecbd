# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The matrix of all demos on all rungs: what it should be, and its table."""
from . import ladder

MARKS = {'pass': '+', 'fail': '-', 'cannot show': '?', 'error': '!'}


def expected(mended, number):
    return 'pass' if number >= mended else 'fail'


def table(verdicts=None):
    """The table as lines of Markdown. verdicts: {(demo, rung number): verdict};
    without it, as it should be."""
    numbers = range(1, len(ladder.rungs()) + 1)
    lines = ['| demo | ' + ' | '.join(f'{n:02}' for n in numbers) + ' |',
             '| --- |' + ' - |' * len(numbers)]
    for demo, mended, _ in ladder.DEMOS:
        lines.append(f'| {demo} | ' + ' | '.join(
            MARKS[verdicts[demo, n] if verdicts else expected(mended, n)]
            for n in numbers) + ' |')
    return lines
