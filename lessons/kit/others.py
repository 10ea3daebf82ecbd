# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Servers that are handed out, for the demos. bench/kit/servers.py knows how to
build the programs and which versions are there."""
import importlib.util
import os
import shutil
import sys

from . import ladder


def bench_servers():
    path = os.path.join(ladder.LESSONS, '../bench/kit/servers.py')
    spec = importlib.util.spec_from_file_location('bench_servers', path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look it up there
    spec.loader.exec_module(module)
    return module


XINETD = '''#!/bin/sh
cat >"$0.$1.conf" <<END
service echo
{
    type        = INTERNAL UNLISTED
    socket_type = stream
    protocol    = tcp
    bind        = localhost
    port        = $1
    user        = $(id -un)
    wait        = no
    flags       = NOLIBWRAP
    cps         = 100000 1
    instances   = UNLIMITED
    per_source  = UNLIMITED
    log_type    = FILE /dev/null
}
END
exec xinetd -dontfork -f "$0.$1.conf" -pidfile "$0.$1.pid"
'''


def servers(directory):
    """Yield (name, version, command), with command None and the reason in place
    of the version if a server is not there. Programs are built in directory."""
    bench = bench_servers()
    folders = bench.Folders(os.path.join(ladder.LESSONS, '../bench'), directory)
    script = os.path.join(directory, 'xinetd')
    with open(script, 'w') as file:
        file.write(XINETD)
    os.chmod(script, 0o755)

    def build(setup):
        return lambda: setup(folders)[1]

    def find(name, *arguments):
        def version():
            return bench.version_of([bench.installed(name), *arguments],
                                    r'(\d+\.[\w.-]+)')
        return version
    echod = os.environ.get('ECHOD') or shutil.which('echod') or 'echod'
    go = os.path.join(directory, 'go_copy')
    tokio = os.path.join(directory, 'tokio_copy/target/release/tokio_copy')
    for name, find_version, command in [
            ('echod', find(echod, '--version'),
             [echod, '-t', '3', '127.0.0.1:{port}', '[::1]:{port}']),
            ('Go', build(bench.go_copy), [go]),
            ('Tokio', build(bench.tokio_copy), [tokio]),
            ('xinetd', find('xinetd', '-version'), [script]),
            ('socat', find('socat', '-V'),
             ['socat', 'TCP-LISTEN:{port},fork,reuseaddr', 'EXEC:cat']),
            ('ncat', find('ncat', '--version'),
             ['ncat', '-l', '-k', '-e', '/bin/cat', '{port}'])]:
        try:
            yield name, find_version(), command
        except bench.Missing as reason:
            yield name, str(reason), None
