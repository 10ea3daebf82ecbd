#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The server can have no more threads."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, receive
from kit.demo import run, scene
from kit.server import PATIENCE, Failure


CLIENTS = 200
SPACE = 4 << 20


def demo(server, say):
    with scene(server):
        server.limit_address_space(SPACE)
        say('The server may have 4 MiB of address space more than it has.')
        clients = [connect(server) for _ in range(CLIENTS)]
        for client in clients:
            try:
                client.sendall(MESSAGE)
            except OSError:
                pass  # closed: that is an answer, too
        waiting = []
        answered = []
        for client in clients:
            client.settimeout(0.01 if waiting else PATIENCE)
            echo, end = receive(client, len(MESSAGE))
            if echo == MESSAGE:
                answered.append(client)
            elif end == 'silence':
                waiting.append(client)
        say(f'{CLIENTS} clients connect and send a message. {len(answered)} '
            f'have their echo, {CLIENTS - len(answered) - len(waiting)} were '
            f'closed, {len(waiting)} have neither.')
        for client in answered:
            client.close()
        if waiting:
            say('Those with an echo leave, so that there is room again.')
        hung = 0
        for client in waiting:
            client.settimeout(0.01 if hung else PATIENCE)
            echo, end = receive(client, len(MESSAGE))
            hung += echo != MESSAGE and end == 'silence'
    if hung:
        raise Failure(f'{hung} clients are connected to nobody: no echo, and '
                      'no end of file')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
