#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A client reads slowly while the server is paused again and again."""
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import connect
from kit.demo import run, scene
from kit.server import Failure


SIZE = 3_000_000


def transfer(server):
    """Send SIZE bytes and read the echo. After each 10,000 bytes stop the server
    and let it go on, as ^Z and fg do: that ends a write(2) that is waiting."""
    data = os.urandom(SIZE)
    with connect(server, buffers=4096, segment=536) as client:

        def send():
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the reader will see it
        threading.Thread(target=send, daemon=True).start()
        echo = bytearray(client.recv(1))
        threads = server.threads()  # once: to look for them takes long
        paused = 0
        try:
            while chunk := client.recv(65536):
                echo += chunk
                if len(echo) // 10_000 > paused:
                    paused += 1
                    server.pause(threads)
                    server.go_on()
        except OSError as error:
            raise Failure(f'after {len(echo)} bytes: {error}') from None
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
