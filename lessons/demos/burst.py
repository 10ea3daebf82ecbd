#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A hundred clients connect in one burst."""
import os
import select
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import connect, exchange, receive, send_until_full
from kit.demo import run, scene
from kit.server import PATIENCE, Failure, wait_for


CLIENTS = 100
BURSTS = 3


def begin_connect(server):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(('127.0.0.1', server.port))
    return client


def burst(server):
    """Return how many clients were answered with their own message."""
    server.pause()
    clients = [begin_connect(server) for _ in range(CLIENTS)]
    server.go_on()
    messages = [b'client %d\0' % number for number in range(CLIENTS)]
    right = 0
    for client, message in zip(clients, messages):
        client.settimeout(PATIENCE)
        wait_for(lambda: select.select([], [client], [], 0)[1])
        client.send(message)
    for client, message in zip(clients, messages):
        # The first that waits in vain has used up the patience for all.
        client.settimeout(PATIENCE if right == clients.index(client) else 0.01)
        right += receive(client, len(message))[0] == message
    for client in clients:
        client.close()
    return right


def overwrite(server):
    """While the server waits to write to one client, another sends much."""
    with connect(server, buffers=4096, segment=536) as unread:
        data = os.urandom(1 << 22)
        sent = send_until_full(unread, data)
        with connect(server) as other:
            exchange(other, bytes(1 << 16), 'another client')
        echo, end = receive(unread, sent)
    if echo != data[:sent]:
        raise Failure('a client that read later has '
                      f'{"fewer bytes" if end else "bytes of another"}')


def demo(server, say):
    with scene(server):
        for number in range(BURSTS):
            right = burst(server)
            say(f'Burst {number + 1}: {right} of {CLIENTS} clients have '
                'their own echo.')
            if right != CLIENTS:
                raise Failure(f'{CLIENTS - right} of {CLIENTS} clients were '
                              'not answered, or not with their own message')
        overwrite(server)
        say('A client reads after another has sent 65536 bytes, and has its '
            'own echo.')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
