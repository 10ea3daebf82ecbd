#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Signals arrive while the server waits in read and accept."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, exchange
from kit.demo import run, scene
from kit.server import Failure


def demo(server, say):
    with scene(server):
        if not server.survives(signal.SIGUSR1):
            raise Failure('SIGUSR1 would end the server')
        clients = [connect(server) for _ in range(20)]
        for client in clients:
            exchange(client, MESSAGE)
        say('Twenty clients are connected.')
        for number in range(1, 11):
            server.signal_threads(signal.SIGUSR1)
            for client in clients:
                exchange(client, MESSAGE, 'a client, after signal '
                         f'{number} of 10 for each thread,')
        say('Each thread has had ten signals.')
        for client in clients:
            client.close()


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
