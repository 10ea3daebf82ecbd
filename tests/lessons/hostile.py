# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Servers that lessons/grade must survive: hostile.py KIND MARK PORT. The mark
is for the test, to find what is left in the list of processes."""
import os
import signal
import socket
import sys
import time


def listen():
    return socket.create_server(('127.0.0.1', int(sys.argv[3])))


def silent():
    """It does not listen."""
    time.sleep(600)


def hanging():
    """It accepts nobody, and no signal but SIGKILL ends it."""
    for number in set(signal.valid_signals()) - {signal.SIGKILL,
                                                 signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    with listen():
        time.sleep(600)


def daemon():
    """Two generations leave their session. The parents end."""
    for _ in range(2):
        if os.fork():
            os._exit(0)
        os.setsid()
    hanging()


def runner():
    """Always another process: each starts the next and ends."""
    while True:
        if os.fork():
            os._exit(0)


def family():
    """Children that start children, up to some."""
    for _ in range(6):
        if os.fork() == 0:
            os.setsid()
    silent()


def talker():
    """It prints without end, and no newline."""
    with listen():
        while True:
            os.write(1, bytes(65536))


def eater():
    """It eats memory."""
    eaten = []
    while True:
        eaten.append(bytearray(b'x' * (1 << 26)))


def spinner():
    """It eats time."""
    os.fork()
    while True:
        pass


def killer():
    """It kills all that it may: its process group, or all processes of its
    user."""
    os.kill(-1 if os.getpid() < 100 else 0, signal.SIGKILL)


def parricide():
    """It kills its parent."""
    os.kill(os.getppid(), signal.SIGKILL)
    hanging()


if __name__ == '__main__':
    globals()[sys.argv[1]]()
