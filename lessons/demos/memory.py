#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A hundred clients are connected and idle: what does one cost?"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, exchange
from kit.demo import run, scene
from kit.server import Failure


CLIENTS = 100
LIMIT_KB = 64


def demo(server, say):
    with scene(server):
        before = server.memory_kb()
        clients = []
        for _ in range(CLIENTS):
            clients.append(connect(server))
            exchange(clients[-1], MESSAGE)
        each = (server.memory_kb() - before) / CLIENTS
        say(f'An idle client costs the server {each:.0f} kB of memory.')
        for client in clients:
            client.close()
        if each > LIMIT_KB:
            raise Failure(f'an idle client costs {each:.0f} kB, more than '
                          f'{LIMIT_KB} kB')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
