#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A second client comes while the first is silent."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, exchange, ordinary
from kit.demo import run
from kit.server import Failure, wait_for


def demo(server, say):
    server.start()
    ordinary(server, 'the first client')
    with connect(server) as first:
        wait_for(server.is_quiet, 1)  # client A has been accepted
        say('Client A connects and sends nothing.')
        with connect(server) as second:
            say('Client B connects, sends a message and waits for its echo.')
            exchange(second, MESSAGE, 'client B')
        say('Client B has its echo.')
        try:
            exchange(first, MESSAGE, 'client A')
        except Failure as failure:
            raise Failure(f'client B has its echo, but {failure}') from None
    say('Client A is still there, and has its echo.')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
