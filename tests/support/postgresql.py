"""A server of PostgreSQL of the test's own, which can be stopped and started."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import psycopg

from support.debian import missing, needs
from support.programs import free_port
from support.waiting import until

PASSWORD = "s3cret"


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the PATH, a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else missing("postgresql")


def _let_others_in(folder: Path) -> None:
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.geteuid() and each != Path("/"):
            each.chmod(each.stat().st_mode | 0o011)


class PostgreSQLServer:
    """It listens on the loopback address, and asks for a password; use it in a `with` block."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "postgresql"
        self.port = free_port()
        self.url = f"postgresql://house:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:  # as which no server of PostgreSQL runs
            self._user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        self._data.mkdir()
        password = folder / "postgresql-password"
        password.write_text(PASSWORD)
        _let_others_in(folder)
        if self._user:
            subprocess.run(["chown", "nobody:nogroup", self._data, password], check=True)
        self._run(
            *(_program("initdb"), "-D", self._data, "-U", "house", f"--pwfile={password}"),
            *("--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--locale=C"),
        )

    def _run(self, *command: object) -> None:
        subprocess.run(
            [str(each) for each in command],
            check=True,
            cwd=self._data,
            stdout=subprocess.DEVNULL,
            **self._user,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [_program("postgres"), "-D", self._data, "-p", self.port]
        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        self._process = subprocess.Popen(
            [*map(str, command), *(f"--{each}" for each in settings)],
            cwd=self._data,
            stderr=subprocess.DEVNULL,
            **self._user,
        )
        until(lambda: _answers(self.url))

    def kill(self) -> None:
        """End it and all its connections at once, as a power cut does."""
        self._process.send_signal(signal.SIGQUIT)  # "immediate shutdown"
        self._process.wait(timeout=60)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.url) as db:
            return db.execute(sql).fetchall()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()


class PgBouncer:
    """It shares one connection to a server among all transactions; use it in a `with` block."""

    def __init__(self, folder: Path, server: PostgreSQLServer) -> None:
        self.port = free_port()
        self.url = server.url.replace(f":{server.port}/", f":{self.port}/")
        users, self._file = folder / "users", folder / "pgbouncer.ini"
        users.write_text(f'"house" "{PASSWORD}"\n')
        lines = (
            "[databases]",
            f"postgres = host=127.0.0.1 port={server.port}",
            "[pgbouncer]",
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =",
            f"auth_type = scram-sha-256\nauth_file = {users}",
            "pool_mode = transaction\ndefault_pool_size = 1",
        )
        self._file.write_text("\n".join(lines))
        _let_others_in(folder)

    def __enter__(self) -> Self:
        program = [needs("pgbouncer", "pgbouncer"), "--quiet", self._file]
        nobody = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
        self._process = subprocess.Popen(program, **nobody)  # type: ignore[call-overload]
        until(lambda: _answers(self.url))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
