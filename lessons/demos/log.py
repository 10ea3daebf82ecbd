#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Nobody reads what the server prints."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import ordinary
from kit.demo import run, scene
from kit.server import Failure


CLIENTS = 400


def demo(server, say):
    with scene(server):
        server.hold_output()
        say('Standard output and standard error are a pipe of 4 KiB that '
            'nobody reads.')
        for number in range(1, CLIENTS + 1):
            try:
                ordinary(server)
            except Failure as failure:
                raise Failure(f'client {number}: {failure}') from None
        say(f'{CLIENTS} clients were served.')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
