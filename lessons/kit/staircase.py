# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The matrix of all demos on all rungs: run it, what it should be, its table."""
import shutil

from . import ladder, trials

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


def waits_in_vain(demo, number):
    return demo in ('silent', 'unread') and 9 <= number < 16


def run(at_once=None):
    """Run every demo on every rung. Return {(demo, rung number): Result}."""
    directory = ladder.workplace()
    results = {}
    try:
        programs = list(ladder.compile_all(directory).values())
        keys = [(demo, number + 1) for number in range(len(programs))
                for demo, _, _ in ladder.DEMOS]
        # Those that wait in vain, some with a server that spins, all at once.
        for in_vain in True, False:
            part = [key for key in keys if waits_in_vain(*key) == in_vain]
            jobs = [(demo, [programs[number - 1]]) for demo, number in part]
            results.update(zip(part, trials.many(
                jobs, len(part) if in_vain else at_once)))
    finally:
        shutil.rmtree(directory)
    return results
