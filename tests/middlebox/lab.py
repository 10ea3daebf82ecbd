# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""lab: what a middlebox needs: programs, files, an address, a user."""
import glob
import os
import pwd
import random
import re
import shutil
import socket
import subprocess
import urllib.parse

UNPACKED = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "unpacked")
SYSTEM = "/usr/sbin:/sbin"
OTHER_USER = "daemon"  # nss-systemd(8) calls nobody locked
TOOL_SECONDS = 60


class Missing(Exception):
    """Something is not installed; the message names it."""


def loopback_address():
    """One that hardly any other program uses, so that its ports are free."""
    return (f"127.{random.randrange(1, 255)}.{random.randrange(256)}"
            f".{random.randrange(1, 255)}")


def version(package):
    """Of the Debian package, without Debian's part; empty if not known."""
    found = ""
    if shutil.which("dpkg-query"):
        found = subprocess.run(
            ["dpkg-query", "-Wf", "${Version}", package], text=True,
            capture_output=True, check=False).stdout
    for archive in glob.glob(f"{UNPACKED}/archives/{package}_*.deb"):
        found = found or urllib.parse.unquote(archive).split("_")[-2]
    return re.split("[-+~]", found.split(":")[-1])[0]


class Lab:
    """A folder for one run of the test."""

    def __init__(self, folder, echod):
        self.folder = folder
        self.echod = echod
        self.address = loopback_address()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.tree = UNPACKED
        if os.path.isdir(UNPACKED) and self.is_root():
            # The other user may have no access to the sources.
            self.tree = os.path.join(folder, "unpacked")
            shutil.copytree(UNPACKED, self.tree, symlinks=True,
                            ignore=shutil.ignore_patterns("archives"))
        os.chmod(folder, 0o755)

    @staticmethod
    def is_root():
        return os.getuid() == 0

    def command(self, command):
        """The command, so that an unpacked program finds its libraries."""
        libraries = (glob.glob(f"{self.tree}/usr/lib/*-linux-*")
                     + glob.glob(f"{self.tree}/lib/*-linux-*"))
        return ["env", "LD_LIBRARY_PATH=" + ":".join(libraries), *command]

    def program(self, name):
        places = [os.environ["PATH"], SYSTEM]
        places += [f"{self.tree}/{folder}"
                   for folder in ("usr/sbin", "usr/bin", "bin")]
        found = shutil.which(name, path=":".join(places))
        if found is None:
            raise Missing(f"{name} is not installed")
        return found

    def find(self, pattern):
        """A file that the pattern matches, installed or unpacked, or None."""
        found = glob.glob(pattern) + glob.glob(self.tree + pattern)
        return found[0] if found else None

    def file(self, name, text):
        """A file with this text; returns its path."""
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def path(self, name):
        return os.path.join(self.folder, name)

    def free_port(self):
        """For programs that cannot choose one themselves."""
        with socket.socket() as probe:
            probe.bind((self.address, 0))
            return probe.getsockname()[1]

    def may_bind(self, port):
        with socket.socket() as probe:
            try:
                probe.bind((self.address, port))
            except PermissionError:
                return False
            return True

    def as_other_user(self, command):
        """For programs that do not run as root, or not without a set-up."""
        if not self.is_root():
            return command
        return [self.program("setpriv"), f"--reuid={OTHER_USER}",
                "--regid=" + str(pwd.getpwnam(OTHER_USER).pw_gid),
                "--clear-groups", *command]

    def folder_of_other_user(self, name):
        """A new folder that only the user of as_other_user() can read."""
        path = self.path(name)
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path, 0o700)
        if self.is_root():
            shutil.chown(path, OTHER_USER)
        return path

    def run(self, command):
        """A tool that ends by itself and must succeed."""
        subprocess.run(self.command(command), stdin=subprocess.DEVNULL,
                       timeout=TOOL_SECONDS, check=True, capture_output=True)
