#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""SIGUSR1 asks for statistics."""
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.demo import check_running, run, scene
from kit.server import PATIENCE, Failure


def form(line):
    """The line without its numbers: a line that tells of a client, such as one
    that has left by now, is none of statistics."""
    return re.sub('[0-9]+', '0', line)


def demo(server, say):
    with scene(server):
        say('The server is sent SIGUSR1.')
        known = {form(line) for line in list(server.last_lines)}
        end = time.monotonic() + PATIENCE
        while True:  # more than once if need be, as a person would
            server.signal(signal.SIGUSR1)
            time.sleep(0.1)
            check_running(server)
            new = [line for line in list(server.last_lines)
                   if form(line) not in known]
            if new:
                break
            if time.monotonic() > end:
                raise Failure('the server prints no new line')
        say(f'It prints: {new[0]}')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
