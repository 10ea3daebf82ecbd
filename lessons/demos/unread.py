#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Clients that never read take every place."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, receive, send_until_all_are_full
from kit.demo import run, scene
from kit.server import Failure


def demo(server, say):
    with scene(server, descriptors=64):
        clients = [connect(server, buffers=4096, segment=536)
                   for _ in range(100)]
        say('The server has 64 descriptors. A hundred clients connect, send all '
            'they can, and never read.')
        send_until_all_are_full(clients)
        # A write that has moved a part may begin its limit again.
        limit = 1.5 * server.limit
        begin = time.monotonic()
        with connect(server) as last:
            last.settimeout(limit)
            last.sendall(MESSAGE)
            if receive(last, len(MESSAGE))[0] != MESSAGE:
                raise Failure('another client gets no place within '
                              f'{limit:g} s')
        say('Another client is served after '
            f'{time.monotonic() - begin:.0f} s.')
        for client in clients:
            client.close()


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
