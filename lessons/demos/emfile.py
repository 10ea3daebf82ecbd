#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""More clients come than the server has descriptors."""
import os
import select
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import connect
from kit.demo import run, scene
from kit.server import Failure


SECONDS = 1.0


def has_ended(client):
    """The server has closed the connection."""
    return bool(select.select([client], [], [], 0)[0])


def demo(server, say):
    with scene(server, descriptors=64):
        say('The server has 64 descriptors.')
        clients = [connect(server) for _ in range(100)]
        say('A hundred clients connect and stay.')
        time.sleep(0.2)  # the line about the shortage may be printed
        lines, cpu = server.lines, server.cpu_seconds()
        time.sleep(SECONDS)
        lines, cpu = server.lines - lines, server.cpu_seconds() - cpu
        closed = sum(has_ended(client) for client in clients)
        say(f'In one second the server prints {lines} lines and uses '
            f'{100 * cpu / SECONDS:.0f}% of a core.')
        for client in clients:
            client.close()
        say('They leave.')
    # A client that the server closes, for a time limit, may have its lines.
    if lines > 10 + 3 * closed or cpu > 0.3 * SECONDS:
        raise Failure(f'the server spins: {lines} lines and '
                      f'{100 * cpu / SECONDS:.0f}% of a core in a second')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
