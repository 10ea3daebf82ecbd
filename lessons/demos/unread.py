#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Clients that never read take every place."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, receive, send_until_full
from kit.demo import run, scene
from kit.server import Failure


def demo(server, say):
    with scene(server, descriptors=64):
        clients = [connect(server, buffers=4096) for _ in range(100)]
        say('The server has 64 descriptors. A hundred clients connect, send all '
            'they can, and never read.')
        for client in clients:
            send_until_full(client, bytes(1 << 20), 0.02)
        begin = time.monotonic()
        with connect(server) as last:
            last.settimeout(server.limit)
            last.sendall(MESSAGE)
            if receive(last, len(MESSAGE))[0] != MESSAGE:
                raise Failure('another client gets no place within '
                              f'{server.limit:g} s')
        say('Another client is served after '
            f'{time.monotonic() - begin:.0f} s.')
        for client in clients:
            client.close()


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
