# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""servers: the servers to compare; how to build and start each."""
import dataclasses
import getpass
import os
import re
import shutil
import subprocess
from typing import Callable

BUILD_SECONDS = 600
NO_LIMIT = 10**6
DEBIAN_CRATES = "/usr/share/cargo/registry"


class Missing(Exception):
    """The server cannot be built or found; the message says why."""


@dataclasses.dataclass
class Folders:
    source: str  # bench, in the source tree
    build: str   # for the programs that are built; kept between runs
    program: str = "./echod"
    compiler: str = "cc"


@dataclasses.dataclass
class Server:
    name: str
    description: str
    setup: Callable              # (Folders) -> ((port) -> command, version)
    max_clients: int = NO_LIMIT  # at once
    max_reason: str = ""
    has_curve: bool = False      # it is measured with many numbers of clients
    looks_up: bool = False       # the names of its clients, which need one
    descriptors: int = 1         # for each client
    command: Callable = None
    version: str = ""

    def prepare(self, folders):
        self.command, self.version = self.setup(folders)


def version_of(command, pattern="(.+)"):
    """The group of the pattern in the command's output, or "unknown"."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20,
                              check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    found = re.search(pattern, done.stdout + done.stderr)
    return found.group(1).strip() if found else "unknown"


def installed(name):
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{name} is not installed")
    return path


def is_older(target, sources):
    return not os.path.exists(target) or any(
        os.path.getmtime(source) > os.path.getmtime(target)
        for source in sources)


def build(command, folder, environment=None):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                          timeout=BUILD_SECONDS, check=False,
                          env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no error message"]
        raise Missing(f"it does not build: {lines[-1].strip()}")


def echod(folders):
    program = os.path.abspath(folders.program)
    if not os.access(program, os.X_OK):
        raise Missing("it is not built")
    return (lambda port: [program, f"127.0.0.1:{port}"],
            version_of([program, "--version"], r"(\S+)$"))


def other_echod(program):
    """Another build, for example the version before a change."""
    return Server("other echod", f"a thread for each client; {program}",
                  lambda folders: echod(dataclasses.replace(
                      folders, program=program)), has_curve=True)


def in_c(name):
    def setup(folders):
        peers = os.path.join(folders.source, "peers")
        sources = [os.path.join(peers, file)
                   for file in (f"{name}.c", "peer.c", "peer.h")]
        target = os.path.join(folders.build, name)
        compiler = folders.compiler.split()
        installed(compiler[0])
        if is_older(target, sources):
            build([*compiler, "-O2", "-o", target, *sources[:2]],
                  folders.build)
        return (lambda port: [target, str(port)],
                version_of([*compiler, "--version"]))
    return setup


def go_copy(folders):
    go = installed("go")
    source = os.path.join(folders.source, "peers", "go_copy.go")
    target = os.path.join(folders.build, "go_copy")
    if is_older(target, [source]):
        build([go, "build", "-o", target, source], folders.build)
    return (lambda port: [target, str(port)],
            version_of([go, "version"], r"version (\S+)"))


def cargo_tools(crates):
    """(cargo, options, environment); Debian's crates need Debian's tools."""
    if not os.path.isdir(DEBIAN_CRATES):
        return installed("cargo"), [], {}
    with open(os.path.join(crates, "config.toml"), "w",
              encoding="utf-8") as file:
        file.write('[source.crates-io]\nreplace-with = "debian"\n\n'
                   f'[source.debian]\ndirectory = "{DEBIAN_CRATES}"\n')
    for tool in ("/usr/bin/cargo", "/usr/bin/rustc"):
        installed(tool)
    return "/usr/bin/cargo", ["--offline"], {"RUSTC": "/usr/bin/rustc"}


def tokio_copy(folders):
    source = os.path.join(folders.source, "peers", "tokio_copy")
    copy = os.path.join(folders.build, "tokio_copy")
    target = os.path.join(copy, "target", "release", "tokio_copy")
    sources = [os.path.join(source, file)
               for file in ("Cargo.toml", "src/main.rs")]
    if is_older(target, sources):
        shutil.copytree(source, copy, dirs_exist_ok=True)
        crates = os.path.join(copy, ".cargo")
        os.makedirs(crates, exist_ok=True)
        cargo, options, environment = cargo_tools(crates)
        environment["CARGO_TARGET_DIR"] = os.path.join(copy, "target")
        build([cargo, "build", "--release", *options], copy, environment)
    return (lambda port: [target, str(port)],
            version_of(["cat", os.path.join(copy, "Cargo.lock")],
                 r'name = "tokio"\nversion = "(.+?)"'))


def socat(_):
    program = installed("socat")
    return (lambda port: [
        program, f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,"
        "backlog=4096,nodelay", "PIPE"],
        version_of([program, "-V"], r"socat version (\S+)"))


def ncat(_):
    program = installed("ncat")
    return (lambda port: [program, "--listen", "--keep-open", "--max-conns",
                          "20000", "--exec", installed("cat"), "127.0.0.1",
                          str(port)],
            version_of([program, "--version"], r"Version (\S+)"))


def tcpserver(_):
    program = installed("tcpserver")
    return (lambda port: [program, "-c", "20000", "-b", "4096", "-H", "-R",
                          "-l", "0", "127.0.0.1", str(port), "cat"],
            version_of(["dpkg-query", "-Wf", "${Version}", "ucspi-tcp"]))


XINETD = """service echo
{{
    id              = echo-stream
    type            = INTERNAL UNLISTED
    socket_type     = stream
    protocol        = tcp
    bind            = 127.0.0.1
    port            = {port}
    user            = {user}
    wait            = no
    flags           = NOLIBWRAP
    cps             = 100000 1
    instances       = UNLIMITED
    per_source      = UNLIMITED
    log_type        = FILE /dev/null
}}
"""


def xinetd(folders):
    program = installed("xinetd")
    config = os.path.join(folders.build, "xinetd.conf")

    def command(port):
        with open(config, "w", encoding="utf-8") as file:
            file.write(XINETD.format(port=port, user=getpass.getuser()))
        return [program, "-dontfork", "-f", config, "-pidfile",
                os.path.join(folders.build, "xinetd.pid")]
    return command, version_of([program, "-version"], r"(\d\S+)")


FEW = 1000
MANY_PROCESSES = "a process for each client"

SERVERS = [
    Server("echod", "a thread for each client", echod, has_curve=True),
    Server("one at a time", "C, no concurrency", in_c("one_at_a_time"),
           1, "it serves one client at a time", True),
    Server("fork each", "C, a process for each client", in_c("fork_each"),
           FEW, MANY_PROCESSES, True),
    Server("epoll loop", "C, one thread and an event loop",
           in_c("epoll_loop"), has_curve=True),
    # Its io.Copy splices through a pipe, hence three descriptors.
    Server("Go", "a goroutine for each client, io.Copy", go_copy,
           has_curve=True, descriptors=3),
    Server("Tokio", "Rust, a task for each client, io::copy", tokio_copy,
           has_curve=True),
    Server("socat", "a process for each client", socat, FEW, MANY_PROCESSES),
    Server("ncat", "runs cat for each client", ncat, FEW, MANY_PROCESSES),
    Server("xinetd", "built-in echo, a process for each client", xinetd,
           FEW, MANY_PROCESSES, looks_up=True),
    Server("tcpserver", "runs cat for each client", tcpserver, FEW,
           MANY_PROCESSES),
]
