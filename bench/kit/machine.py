# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""machine: the facts about the machine that a report states."""
import datetime
import os
import platform
import resource

from kit import procfs
from kit.servers import version_of

LIMITS = ("kernel.pid_max", "kernel.threads-max", "vm.max_map_count",
          "net.core.somaxconn")


def distribution():
    names = [line.split("=", 1)[1].strip('"')
             for line in procfs.read("/etc/os-release").splitlines()
             if line.startswith("PRETTY_NAME=")]
    return names[0] if names else platform.system()


def limits():
    shown = [f"{name} {procfs.sysctl(name):,}" for name in LIMITS
             if procfs.sysctl(name) is not None]
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return ", ".join([f"descriptors {descriptors:,}", *shown])


def commit(folder):
    name = version_of(["git", "-C", folder, "describe", "--always", "--dirty"],
                      r"^([\w.-]+)$")
    return "" if name == "unknown" else f", commit {name}"


def facts(folder):
    """(name, value) pairs."""
    now = datetime.datetime.now(datetime.timezone.utc)
    gib = procfs.memory()["MemTotal"] / 2**20
    compiler = os.environ.get("CC", "cc").split()
    return [
        ("Date", f"{now:%Y-%m-%d %H:%M} UTC"),
        ("echod", version_of(["./echod", "--version"], r"(\S+)$")
         + commit(folder)),
        ("Processor", f"{os.cpu_count()} x {procfs.processor()}"),
        ("Memory", f"{gib:.1f} GiB"),
        ("System", f"{distribution()}, {platform.system()} "
                   f"{platform.release()}, {platform.machine()}"),
        ("Compiler", version_of([*compiler, "--version"])),
        ("Limits", limits()),
    ]
