#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""SIGUSR1 asks for statistics."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.demo import check_running, run, scene
from kit.server import PATIENCE, Failure


def demo(server, say):
    with scene(server):
        say('The server is sent SIGUSR1.')
        before = server.lines
        end = time.monotonic() + PATIENCE
        while True:  # more than once if need be, as a person would
            server.signal(signal.SIGUSR1)
            time.sleep(0.1)
            check_running(server)
            if server.lines > before:
                break
            if time.monotonic() > end:
                raise Failure('the server prints no line')
        say(f'It prints: {server.last_line}')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
