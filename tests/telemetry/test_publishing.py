"""Files that processes leave for each other: all of them are read, and none of them is in anybody's way."""

import asyncio
import os

import pytest

from app.telemetry import catalogue, exposition, publishing
from app.telemetry.publishing import Publisher, forget, snapshots

NOW = 1_795_000_000.0


@pytest.fixture
def publisher(tmp_path):
    """Return a way to make a publisher; its file is of the time `NOW`."""

    def make(process="worker 0", count=1, **options):
        made = Publisher(tmp_path / "metrics", process, clock=lambda: NOW, **options)
        made.numbers.add(catalogue.SEALED, amount=count)
        made.publish()
        path = tmp_path / "metrics" / f"{process}.json"
        os.utime(path, (NOW, NOW))
        return made

    return make


def sealed(directory, now=NOW):
    return {each.process: each.values.get(("omega_sealed_records_total", ())) for each in snapshots(directory, now)}


def test_whoever_reads_sees_every_process(publisher, tmp_path):
    publisher("worker 0", 1)
    publisher("worker 1", 2)
    assert sealed(tmp_path / "metrics") == {"worker 0": 1, "worker 1": 2}


def test_of_a_process_that_is_late_only_that_is_shown(publisher, tmp_path):
    publisher()
    (found,) = snapshots(tmp_path / "metrics", NOW + publishing.LATE + 1)
    assert found.values == {("omega_published_timestamp_seconds", ()): NOW}


@pytest.mark.parametrize("content", [b"", b"{}", b"[1", b"\xff", b'{"started": 1, "values": 3, "series": []}'])
def test_a_file_that_cannot_be_read_is_left_out(publisher, tmp_path, content):
    publisher()
    (tmp_path / "metrics" / "worker 1.json").write_bytes(content)
    os.utime(tmp_path / "metrics" / "worker 1.json", (NOW, NOW))
    assert sealed(tmp_path / "metrics") == {"worker 0": 1}


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path):
    (tmp_path / "metrics").write_text("a file")
    Publisher(tmp_path / "metrics", "sealer").publish()
    assert snapshots(tmp_path / "metrics", NOW) == []
    forget(tmp_path / "metrics")


def test_what_an_earlier_start_left_is_forgotten(publisher, tmp_path):
    publisher()
    forget(tmp_path / "metrics")
    assert list((tmp_path / "metrics").iterdir()) == []


def test_who_comes_by_often_writes_once_a_second_and_again_after_the_clock_was_set_back(tmp_path):
    now, looks = [NOW], []
    made = Publisher(tmp_path / "metrics", "sealer", look=looks.append, clock=lambda: now[0])
    for at in (NOW, NOW + 0.5, NOW + 1.5, NOW + 1.6, NOW - 60):
        now[0] = at
        made.publish_sometimes()
    assert len(looks) == 3


def test_it_is_kept_up_to_date(tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "_PAUSE", 0.001)
    looks = []

    async def main():
        made = Publisher(tmp_path / "metrics", "worker 0", look=looks.append)
        keeping = asyncio.create_task(made.keep())
        while len(looks) < 3:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.001)
        keeping.cancel()

    asyncio.run(main())
    assert (tmp_path / "metrics" / "worker 0.json").exists()
    assert exposition.text(snapshots(tmp_path / "metrics", 0)).count(b"omega_published_timestamp_seconds{") == 1
