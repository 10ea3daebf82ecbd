# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Run demos as processes of their own, several at a time, each with a limit."""
import collections
import concurrent.futures
import os
import signal
import subprocess
import sys
import time

from . import ladder
from .demo import CANNOT_SHOW, FAIL, PASS, TIME_LIMIT

Result = collections.namedtuple('Result', 'demo verdict reason lines seconds')
WORDS = {PASS: 'pass', FAIL: 'fail', CANNOT_SHOW: 'cannot show'}


def trial(demo, command, limit=10, options=()):
    """Run one demo on the server's command, and return the Result. The demo ends
    its server; if the demo itself hangs it is ended."""
    begin = time.monotonic()
    options = ['--limit', str(limit), *options]
    process = subprocess.Popen(
        [sys.executable, ladder.demo(demo), *options, '--', *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, errors='replace')
    try:
        output, errors = process.communicate(timeout=TIME_LIMIT + limit + 40)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        try:
            output, errors = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
    lines = output.splitlines()
    verdict = WORDS.get(process.returncode, 'error')
    reason = lines[-1].partition(': ')[2] if lines else ''
    if verdict == 'fail' and not (lines and lines[-1].startswith('FAIL: ')):
        verdict = 'error'  # Python ends with this status, too
    if verdict == 'error':
        reason = (errors.strip().splitlines() or [ended(process)])[-1]
    return Result(demo, verdict, reason, lines, time.monotonic() - begin)


def ended(process):
    if process.returncode < 0:
        return f'ended by {signal.Signals(-process.returncode).name}'
    return f'exit status {process.returncode}'


def usual():
    """How many demos run at a time: most of them wait most of the time."""
    return 3 * (os.cpu_count() or 1)


def many(jobs, at_once=None):
    """Run trial(*job) for each job. Return the results in the same order."""
    with concurrent.futures.ThreadPoolExecutor(at_once or usual()) as pool:
        return list(pool.map(lambda job: trial(*job), jobs))
