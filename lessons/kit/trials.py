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


def trial(demo, command, limit=10, user=None):
    """Run one demo on the server's command, and return the Result. The demo ends
    its server; if the demo itself hangs it is ended with all its children."""
    begin = time.monotonic()
    options = ['--limit', str(limit)] + (['--user', user] if user else [])
    process = subprocess.Popen(
        [sys.executable, ladder.demo(demo), *options, '--', *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, errors='replace')
    try:
        output, errors = process.communicate(timeout=TIME_LIMIT + 10)
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
    if verdict == 'error':
        reason = (errors.strip().splitlines() or ['?'])[-1]
    return Result(demo, verdict, reason, lines, time.monotonic() - begin)


def many(jobs, at_once=None):
    """Run trial(*job) for each job. Return the results in the same order."""
    if at_once is None:
        at_once = 3 * (os.cpu_count() or 1)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda job: trial(*job), jobs))
