#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A hundred clients are connected, and leave."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, exchange
from kit.demo import run, scene


def demo(server, say):
    with scene(server):
        clients = []
        for _ in range(100):
            clients.append(connect(server))
            exchange(clients[-1], MESSAGE)
        say(f'A hundred clients have been served. The server has '
            f'{len(server.threads())} threads in {len(server.processes())} '
            'processes.')
        for client in clients:
            client.close()
        say('They have left.')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
