# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Small scenes: what a few clients do to a server, one step after another.

Each client is a thread. It keeps a record of its own calls, with the clock that
strace uses. The next step begins when the one before is done, or when it waits
for the server and the server is quiet.
"""
import errno
import queue
import socket
import threading
import time

from kit.strace import WHOLE, Call

# A step is the clients' names, and what each of them does: an action below, or
# a signal that the server is sent. "*" is every client of the scene.
SCENES = {
    "talk": ("two clients; B comes later and leaves first", "AB", (
        ("A", "connect"), ("A", "say"), ("B", "connect"), ("B", "say"),
        ("B", "end"), ("A", "end"))),
    "two": ("a second client while the first is silent", "AB", (
        ("A", "connect"), ("B", "connect"), ("B", "say"), ("A", "end"),
        ("B", "end"))),
    "burst": ("ten clients at once", "ABCDEFGHIJ", (
        ("*", "connect"), ("*", "say"), ("*", "end"))),
    "stop": ("SIGTERM while a client is in mid-transfer", "A", (
        ("A", "connect"), ("A", "say"), ("A", "fill"), ("", "TERM"),
        ("A", "drain"), ("A", "end"))),
    "unread": ("client A does not read until later", "AB", (
        ("A", "connect"), ("B", "connect"), ("A", "fill"), ("B", "say"),
        ("B", "end"), ("A", "drain"), ("A", "end"))),
}
LIMIT = 2  # s, for one call of a client
TAKEN = 0.1  # s; a server that takes little for so long has stopped reading
PIECE = 65536  # bytes; what is less is little
BUFFER = 16384  # bytes to receive, so that little data fills a connection
MOST = 6 << 20  # bytes; more than the buffers for one direction hold


def new_client(name, port):
    return {"name": name, "port": port, "socket": None, "keys": (),
            "sent": 0, "got": 0, "steps": queue.Queue(), "calls": [],
            "done": 0, "given": 0}


def recorded(client, name, function, *args, whole=""):
    """Call the function, and keep it in the client's record. A failure of the
    connection is a result like others; None is returned then."""
    begin = time.time()
    value = None
    # Until it ends, it is in the record as a call that has no end.
    client["calls"].append(record(client, begin, None, name, None, whole))
    try:
        value = function(*args)
        result = str(len(value) if isinstance(value, bytes) else value or 0)
    except socket.timeout:
        result = "-1 time limit"
    except OSError as error:
        result = "-1 " + errno.errorcode.get(error.errno, "error")
    client["calls"][-1] = record(client, begin, time.time(), name, result,
                                 whole)
    return value


def record(client, begin, end, name, result, whole):
    keys = client_keys(client)
    if name == "connect":
        keys += (("listen", client["port"]),)
    return Call("client " + client["name"], begin, end, name, None, keys,
                result, None, None, whole)


def client_keys(client):
    """The connection, once connect() has given it a port."""
    try:
        client["keys"] = (("conn", client["socket"].getsockname()[1]),)
    except OSError:
        pass  # it is closed by now
    return client["keys"] if client["keys"] != (("conn", 0),) else ()


def connect(client):
    family = socket.AF_INET
    client["socket"] = socket.socket(family, socket.SOCK_STREAM)
    client["socket"].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    client["socket"].settimeout(LIMIT)
    recorded(client, "connect", client["socket"].connect,
             ("127.0.0.1", client["port"]))


def say(client):
    """A few bytes, and their echo."""
    data = client["name"].encode() * 5
    client["sent"] += recorded(client, "send", client["socket"].send, data) or 0
    receive(client, client["sent"])


def receive(client, total):
    while client["got"] < total:
        data = recorded(client, "recv", client["socket"].recv, 65536)
        if not data:
            return
        client["got"] += len(data)


def fill(client):
    """Send, without reading, until the server takes no more: one long call."""
    client["sent"] += recorded(client, "send", send_most, client["socket"],
                               whole=WHOLE) or 0


def send_most(connection):
    sent = before = 0
    since = time.monotonic()
    connection.settimeout(TAKEN / 4)
    while sent < MOST:
        try:
            sent += connection.send(b"." * PIECE)
        except socket.timeout:
            pass
        # A full connection still takes a little from time to time.
        if time.monotonic() - since > TAKEN:
            if sent - before < PIECE:
                break
            before, since = sent, time.monotonic()
    connection.settimeout(LIMIT)
    return sent


def drain(client):
    """Read everything that was sent: one long call."""
    missing = client["sent"] - client["got"]
    recorded(client, "recv", receive_most, client, missing, whole=WHOLE)


def receive_most(client, missing):
    """-> how much came before the end of file, or a reset."""
    got = 0
    while got < missing:
        try:
            data = client["socket"].recv(65536)
        except ConnectionError:
            break
        if not data:
            break
        got += len(data)
    client["got"] += got
    return f"{got} of {missing}"


def end(client):
    """Half-close, the end of file, close."""
    recorded(client, "shutdown", client["socket"].shutdown, socket.SHUT_WR)
    receive(client, float("inf"))
    recorded(client, "close", client["socket"].close)


ACTIONS = {"connect": connect, "say": say, "fill": fill, "drain": drain,
           "end": end}


def run_client(client):
    while True:
        action = client["steps"].get()
        if action is None:
            break
        try:
            ACTIONS[action](client)
        except OSError:
            pass  # such as shutdown() after a reset: it is in the record
        client["done"] += 1


def play(name, port, send_signal, settle, deadline):
    """Play the scene; -> the clients' records. settle(): wait until the server
    is quiet. deadline: of time.monotonic()."""
    _, names, steps = SCENES[name]
    clients = {each: new_client(each, port) for each in names}
    for client in clients.values():
        threading.Thread(target=run_client, args=(client,),
                         daemon=True).start()
    calls = []
    for who, action in steps:
        if action in ACTIONS:
            for each in names if who == "*" else who:
                clients[each]["given"] += 1
                clients[each]["steps"].put(action)
        else:
            calls.append(send_signal(action))
        wait_for(clients, settle, deadline)
    wait_for_all(clients, deadline)
    settle()
    for client in clients.values():
        client["steps"].put(None)
        calls += client["calls"]
    return sorted(calls, key=lambda call: call.begin)


def busy(clients):
    return [c for c in clients.values() if c["done"] < c["given"]]


def wait_for(clients, settle, deadline):
    """Until the step is done, or waits for the server and the server is quiet.
    A client that sends goes on until the server takes no more."""
    settle()
    while time.monotonic() < deadline:
        waits = [c["calls"] and c["calls"][-1].end is None and
                 c["calls"][-1].name != "send" for c in busy(clients)]
        if all(waits):
            return
        settle()


def wait_for_all(clients, deadline):
    while time.monotonic() < deadline and busy(clients):
        time.sleep(0.005)
