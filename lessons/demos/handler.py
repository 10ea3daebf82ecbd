#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""SIGUSR1 arrives while a line is printed."""
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect
from kit.demo import run, scene
from kit.server import Failure, wait_for


CLIENTS = 400
SECONDS = 0.5


def send_all(client):
    try:
        client.sendall(MESSAGE)
        client.shutdown(socket.SHUT_WR)
    except OSError as error:
        raise Failure(f'a client could not send: {error}') from None


def demo(server, say):
    with scene(server):
        if not server.survives(signal.SIGUSR1):
            raise Failure('SIGUSR1 would end the server')
        server.hold_output()
        say('Nobody reads what the server prints.')
        clients = [connect(server) for _ in range(CLIENTS)]
        for client in clients:
            send_all(client)
        if wait_for(server.output_is_full):
            say(f'{CLIENTS} clients later the pipe is full. A thread of the '
                'server may wait to write a line.')
        server.signal_threads(signal.SIGUSR1)
        say('Each of its threads is sent SIGUSR1.')
        server.release_output()
        say('Somebody reads again.')
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            server.signal(signal.SIGUSR1)
        say(f'The server is sent SIGUSR1 for {SECONDS} s without a pause.')
        for client in clients:
            client.close()


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
