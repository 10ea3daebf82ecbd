#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A client reads slowly while the server is paused again and again."""
import contextlib
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import connect, receive, send_until_full
from kit.demo import run, scene
from kit.server import Failure, status_field, wait_for


SIZE = 3_000_000
ROUNDS = 30
PART = 4000


def interrupt(server, threads):
    """Stop the server and let it go on, as ^Z and fg do: that ends a write(2)
    that is waiting. The first time it has written a part, the second nothing.
    """
    for _ in range(2):
        server.pause(threads)
        server.go_on()
        wait_for(lambda: all(
            status_field(f'{pid}/task/{tid}', 'State')[:1] != 'R'
            for pid, tid in threads), pause=0.001)


def transfer(server):
    """Send SIZE bytes and return the echo. At first nothing is read until the
    server waits to write, and then only a part."""
    data = os.urandom(SIZE)
    with connect(server, buffers=4096, segment=536) as client:
        sent = 0
        echo = b''
        end = ''
        threads = []
        while len(echo) < ROUNDS * PART and not end:
            sent += send_until_full(client, data[sent:], 0.02)
            threads = threads or server.threads()  # to look for them takes long
            interrupt(server, threads)
            part, end = receive(client, PART)
            echo += part

        def send():
            try:
                client.sendall(data[sent:])
                client.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the reader will see it
        sender = threading.Thread(target=send)
        sender.start()
        echo += receive(client, SIZE - len(echo))[0]
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        sender.join()
    return len(echo), echo == data


def demo(server, say):
    with scene(server):
        length, same = transfer(server)
        say(f'A client sends {SIZE} bytes and receives {length}, '
            f'{"all of them right" if same else "not the same ones"}.')
        if not same:
            raise Failure(f'{SIZE - length} of {SIZE} bytes are missing')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
