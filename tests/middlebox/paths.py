# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""paths: each middlebox and echo server, how it is started, what is wrong.

A start function yields (command, port): the next command is started when the
port of this one accepts connections. The last port is the one to check. A relay
forwards to the address echo, "HOST:PORT".
"""
import dataclasses
import secrets
from typing import Callable

from lab import Missing, version

ECHO_PORT = 7  # inetd finds its built-in service by this name in services(5)


@dataclasses.dataclass(frozen=True)
class Path:
    name: str
    package: str     # Debian's
    use: str         # how it was set up
    start: Callable  # (Lab, echo) -> (command, port)...
    bad: tuple = ()  # the probes of echoc check that are bad
    may: tuple = ()  # those that may be, too: it depends on timing


def haproxy(lab, echo):
    port = lab.free_port()
    config = lab.file("haproxy.cfg", f"""
defaults
    mode tcp
    timeout connect 1m
    timeout client 1m
    timeout server 1m
listen echo
    bind {lab.address}:{port}
    server echod {echo}
""")
    yield [lab.program("haproxy"), "-db", "-f", config], port


def nginx(directive):
    def start(lab, echo):
        port = lab.free_port()
        program = lab.program("nginx")
        module = lab.find("/usr/lib*/nginx/modules/ngx_stream_module.so")
        if module is None:
            raise Missing("nginx's stream module is not installed")
        config = lab.file("nginx.conf", f"""
load_module {module};
daemon off;
pid {lab.path("nginx.pid")};
events {{ }}
stream {{
    server {{
        listen {lab.address}:{port};
        proxy_pass {echo};
        {directive}
    }}
}}
""")
        yield [program, "-p", lab.folder, "-e", "stderr", "-c", config], port
    return start


def socat(lab, echo):
    port = lab.free_port()
    yield [lab.program("socat"),
           f"TCP-LISTEN:{port},bind={lab.address},fork,reuseaddr",
           f"TCP:{echo}"], port


def ncat(lab, _):
    port = lab.free_port()
    yield [lab.program("ncat"), "-l", "-k", "-e", lab.program("cat"),
           lab.address, str(port)], port


def busybox(lab, _):
    # Its nc has no option for the address: it listens on all of them.
    port = lab.free_port()
    yield [lab.program("busybox"), "nc", "-ll", "-p", str(port), "-e",
           lab.program("cat")], port


def inetd(lab, port, service, server):
    """openbsd-inetd; server: the program and its arguments, or "internal"."""
    if not version("openbsd-inetd"):
        raise Missing("openbsd-inetd is not installed")
    config = lab.file("inetd.conf", f"{lab.address}:{service} stream tcp "
                      f"nowait {lab.user} {server}\n")
    return [lab.program("inetd"), "-i", config], port


def inetd_builtin(lab, _):
    if not lab.may_bind(ECHO_PORT):
        raise Missing(f"port {ECHO_PORT} is for root")
    yield inetd(lab, ECHO_PORT, "echo", "internal")


def inetd_echod(lab, _):
    port = lab.free_port()
    yield inetd(lab, port, port, f"{lab.echod} echod -i")


def inetd_nc(lab, echo):
    port = lab.free_port()
    target = echo.replace(":", " ")
    yield inetd(lab, port, port, f"{lab.program('busybox')} nc {target}")


def xinetd(settings):
    def start(lab, _):
        port = lab.free_port()
        config = lab.file("xinetd.conf", f"""
service echo
{{
    id          = echo-stream
    socket_type = stream
    protocol    = tcp
    bind        = {lab.address}
    port        = {port}
    user        = {lab.user}
    wait        = no
    {settings.format(echod=lab.echod)}
}}
""")
        yield [lab.program("xinetd"), "-dontfork", "-f", config, "-pidfile",
               lab.path("xinetd.pid")], port
    return start


XINETD_BUILTIN = "type = INTERNAL UNLISTED"
XINETD_ECHOD = """type = UNLISTED
    server      = {echod}
    server_args = -i"""


def stunnel(lab, echo):
    """Two: one encrypts, the other decrypts; both know a key."""
    clear, encrypted = lab.free_port(), lab.free_port()
    key = lab.file("stunnel.key", f"echo:{secrets.token_hex(16)}\n")
    for name, client, port, target in (
            ("server", "no", encrypted, echo),
            ("client", "yes", clear, f"{lab.address}:{encrypted}")):
        config = lab.file(f"stunnel-{name}.conf", f"""
foreground = yes
pid =
[echo]
client = {client}
accept = {lab.address}:{port}
connect = {target}
ciphers = PSK
PSKsecrets = {key}
""")
        yield [lab.program("stunnel"), config], port


def ssh(lab, echo):
    """sshd runs as another user than root: as root it needs a set-up."""
    ssh_port, port = lab.free_port(), lab.free_port()
    programs = lab.program("sshd"), lab.program("ssh")
    folder = lab.folder_of_other_user("ssh")
    for key in ("host", "client"):
        lab.run(lab.as_other_user([
            lab.program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f",
            f"{folder}/{key}"]))
    config = lab.file("sshd_config", f"""
ListenAddress {lab.address}:{ssh_port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/client.pub
StrictModes no
UsePAM no
PidFile none
""")
    yield lab.as_other_user([programs[0], "-D", "-e", "-f", config]), ssh_port
    yield lab.as_other_user([
        programs[1], "-N", "-F", "none", "-i", f"{folder}/client",
        "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new",
        "-o", f"UserKnownHostsFile={folder}/known_hosts",
        "-o", "ExitOnForwardFailure=yes", "-p", str(ssh_port),
        "-L", f"{lab.address}:{port}:{echo}", lab.address]), port


PATHS = (
    Path("HAProxy", "haproxy", "relay, `mode tcp`", haproxy),
    Path("nginx", "nginx", "relay, stream module as it comes", nginx(""),
         ("half-close",)),
    Path("nginx", "nginx", "relay, stream module, `proxy_half_close on`",
         nginx("proxy_half_close on;")),
    Path("socat", "socat", "relay, `TCP-LISTEN:...,fork TCP:...`", socat),
    Path("stunnel", "stunnel4", "relay, two of them", stunnel),
    # Without a terminal sshd leaves Nagle's algorithm on: whether the echo of
    # the second of four writes waits depends on their timing.
    Path("OpenSSH", "openssh-server", "relay, `ssh -L`", ssh, (),
         ("small writes",)),
    Path("busybox nc", "busybox", "relay, run by inetd", inetd_nc),
    Path("busybox nc", "busybox", "server, `-ll -e cat`", busybox),
    # ncat and cat can block, each in a write to the other.
    Path("ncat", "ncat", "server, `-l -k -e cat`", ncat, ("half-close",),
         ("sizes", "bulk")),
    Path("OpenBSD inetd", "openbsd-inetd", "server, built-in echo",
         inetd_builtin),
    Path("OpenBSD inetd", "openbsd-inetd", "server, runs `echod -i`",
         inetd_echod),
    Path("xinetd", "xinetd", "server, built-in echo", xinetd(XINETD_BUILTIN)),
    Path("xinetd", "xinetd", "server, runs `echod -i`", xinetd(XINETD_ECHOD)),
)
