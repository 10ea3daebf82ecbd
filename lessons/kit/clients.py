# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Clients of the server that a demo looks at."""
import contextlib
import socket
import struct
import threading
import time

from .server import PATIENCE, Failure

MESSAGE = b'one\0two\xff\n'  # has a NUL, and is no text
WITNESS_PAUSE = 0.1
MOST_SHOWN = 16  # bytes


def connect(server, address='127.0.0.1', buffers=None, segment=None):
    """A connected socket that fails after PATIENCE. Its two buffers have so many
    bytes. With small segments the server's send buffer is small, too."""
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    client = socket.socket(family)
    if segment is not None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
    if buffers is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
    client.settimeout(PATIENCE)
    try:
        client.connect((address, server.port))
    except OSError as error:
        client.close()
        raise Failure(f'connect: {error}') from None
    return client


def receive(client, length):
    """Receive so many bytes, or fewer if the connection ends or the time is up.
    Return them and how it ended: '', 'end of file', 'reset' or 'silence'."""
    data = b''
    try:
        while len(data) < length:
            chunk = client.recv(min(65536, length - len(data)))
            if not chunk:
                return data, 'end of file'
            data += chunk
    except socket.timeout:
        return data, 'silence'
    except OSError:
        return data, 'reset'
    return data, ''


def shown(data):
    return repr(data) if len(data) <= MOST_SHOWN else f'{len(data)} bytes'


def exchange(client, message, who='the client'):
    """Send the message and expect its echo."""
    try:
        client.sendall(message)
    except OSError as error:
        raise Failure(f'{who} could not send: {error}') from None
    echo, end = receive(client, len(message))
    if echo != message:
        raise Failure(f'{who} sent {shown(message)} and received '
                      f'{shown(echo)}' + (f', then {end}' if end else ''))


def ordinary(server, who='a new client', message=MESSAGE):
    """A client that sends, ends its direction, and reads to the end."""
    with connect(server) as client:
        try:
            client.sendall(message)
            client.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise Failure(f'{who} could not send: {error}') from None
        echo, end = receive(client, len(message) + 1)
    if echo != message:
        raise Failure(f'{who} sent {shown(message)} and received '
                      f'{shown(echo)}, then {end}')
    if end != 'end of file':
        raise Failure(f'{who} has its echo, but no end of file follows: {end}')


def reset(client):
    """Close the connection with a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                      struct.pack('ii', 1, 0))
    client.close()


def send_until_full(client, data, still=0.3):
    """Send until nothing more is taken for so many seconds, or all was sent.
    Return how many bytes the client's kernel has taken."""
    client.setblocking(False)
    sent = 0
    moved = time.monotonic()
    while sent < len(data) and time.monotonic() - moved < still:
        try:
            sent += client.send(data[sent:sent + 16384])
            moved = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            break
    client.settimeout(PATIENCE)
    return sent


def send_until_all_are_full(clients, still=0.5):
    """Send on all connections until nothing more is taken on any for so many
    seconds. Those that the server closed are left alone."""
    for client in clients:
        client.setblocking(False)
    moved = time.monotonic()
    while time.monotonic() - moved < still:
        for client in clients:
            try:
                if client.send(bytes(16384)):
                    moved = time.monotonic()
            except OSError:
                pass  # full, or closed
        time.sleep(0.001)


@contextlib.contextmanager
def witness(server):
    """A client that was there before the scene, sends a message all along, and
    must have the echo each time."""
    seen = []
    done = threading.Event()
    client = connect(server)

    def talk():
        try:
            while not done.wait(WITNESS_PAUSE):
                exchange(client, MESSAGE, 'a client that was there before')
        except Failure as failure:
            seen.append(failure)
    try:
        exchange(client, MESSAGE, 'the first client')
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
        if seen and server.is_running():
            raise seen[0]
    finally:
        client.close()
