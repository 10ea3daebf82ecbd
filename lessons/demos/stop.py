#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""SIGTERM arrives in the middle of a transfer."""
import fcntl
import os
import signal
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import (MESSAGE, connect, exchange, ordinary, receive,
                         send_until_full)
from kit.demo import run
from kit.server import Failure, wait_for


TIOCOUTQ = 0x5411  # what the peer has not acknowledged: SIOCOUTQ of tcp(7)


def unacknowledged(client):
    return struct.unpack('i', fcntl.ioctl(client, TIOCOUTQ, bytes(4)))[0]


def trickle(client, data, done):
    """Send a little now and then, for input that the server has not read makes
    close(2) destroy the echo."""
    for at in range(0, len(data), 10):
        try:
            client.sendall(data[at:at + 10])
        except OSError:
            return  # the server has ended the connection
        if done.wait(0.0005):
            return


def read_slowly(client, enough, done):
    """Receive up to the end. Say when enough has come."""
    data = b''
    end = ''
    while not end:
        chunk, end = receive(client, 65536)
        data += chunk
        if len(data) >= enough:
            done.set()
        time.sleep(0.001)
    return data


def keep_talking(client, data, sent):
    """Read to the end, and send more until that has come that was sent."""
    done = threading.Event()
    sender = threading.Thread(target=trickle, args=(client, data[sent:], done))
    sender.start()
    try:
        return read_slowly(client, sent, done)
    finally:
        done.set()
        sender.join()


def demo(server, say):
    server.start()
    ordinary(server, 'the first client')
    with connect(server) as idle, \
            connect(server, buffers=65536) as busy:
        exchange(idle, MESSAGE, 'the second client')
        data = os.urandom(1 << 24)
        sent = send_until_full(busy, data)
        taken = sent - unacknowledged(busy)
        say(f'A client has sent {taken} bytes, and has not read its echo yet.')
        server.signal(signal.SIGTERM)
        say('The server is sent SIGTERM. Now the client reads, '
            'slowly, and sends a little more.')
        echo = keep_talking(busy, data, sent)
        say(f'It receives {len(echo)} bytes.')
        if echo != data[:len(echo)]:
            raise Failure('the echo is wrong')
        if len(echo) < taken:
            raise Failure(f'{taken - len(echo)} of {taken} bytes that the '
                          'server\'s system had acknowledged are lost')
        busy.close()
        _, end = receive(idle, 1)
        if end != 'end of file':
            raise Failure(f'a client that is idle sees no end of file: {end}')
    if not wait_for(lambda: not server.is_running(), server.limit):
        raise Failure('the server does not end')
    if server.process.returncode != 0:
        raise Failure(f'the server {server.how_it_ended()}')
    if not wait_for(lambda: not server.processes()):
        raise Failure('processes of the server are left')
    say('The server has ended with exit status 0.')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
