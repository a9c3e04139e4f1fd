"""`omega decision export`: the log as OPA's decision log."""

import asyncio
import json
import stat
from dataclasses import replace

import pytest

from app.cli import decision_export
from app.keys import KeyFileError
from evidence.errors import StoreError
from evidence.record import Record
from tests.decision_plane.asking import body
from tests.node import close_keys, decided, sealed, subject_keys
from tests.pdp.deciding import Service
from tests.test_decision_log import record_of


@pytest.fixture
def recorded(settings):
    return decided(settings, body(), body(ripe=False), body().replace(b"shop.sell", b"shop.steal"))


def events(ended):
    assert ended.code == 0, ended.errors
    return [json.loads(line) for line in ended.out.splitlines()]


@pytest.mark.parametrize("sealing", [False, True], ids=["from the journal", "from the store"])
def test_every_decision_is_one_event(omega, settings, recorded, sealing):
    if sealing:
        sealed(settings)
    ended = omega("decision", "export", "--format", "opa")
    assert ended.errors == "3 decisions\n"
    allowed, denied, unknown = events(ended)
    first, record = recorded[0], Record.parse(record_of(settings, recorded[0]))
    assert allowed == {
        "labels": {"id": "omega.localhost/log", "version": allowed["labels"]["version"]},
        "decision_id": first.decision_id,
        "bundles": {"omega": {"revision": record.body["policy"]["revision"]}},
        "path": "shop/sell/decision",
        "result": first.decision.document(),
        "requested_by": "marketplace",
        "timestamp": record.time,
        "custom": {
            "tenant": "default",
            "chain": record.chain,
            "seq": record.seq,
            "leaf_hash": first.appended.leaf,
            "bundle": first.bundle.digest,
            "engine": first.bundle.engine,
            "subject": record.body["subject"],
            "resource": record.body["resource"],
            "commitments": [block["commit"] for block in record.sealed],
        },
    }
    assert denied["result"]["failed"] == ["ripe"]
    assert "path" not in unknown
    assert not any("input" in each or "erased" in each for each in (allowed, denied, unknown))


def test_what_is_in_journal_and_store_comes_once(omega, settings, recorded):
    kept = {path: path.read_bytes() for path in settings.journals.glob("*/*.evj")}
    sealed(settings)
    for path, data in kept.items():
        path.write_bytes(data)
    (more,) = decided(settings, body())
    told = [each["decision_id"] for each in events(omega("decision", "export"))]
    assert sorted(told) == sorted(each.decision_id for each in (*recorded, more))


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (["--since", "2020-01-01", "--until", "2100-01-01T00:00:00+02:00"], 4),
        (["--until", "2020-01-01"], 0),
        (["--since", "2100-01-01"], 0),
        (["--action", "shop.sell"], 3),
        (["--tenant", "other"], 1),
        (["--tenant", "nobody"], 0),
    ],
)
def test_filters(omega, settings, recorded, filters, count):
    assert len(recorded) == 3
    decided(settings, body(), caller=Service(tenant="other"))
    assert len(events(omega("decision", "export", *filters))) == count


@pytest.mark.parametrize("inline", [16_384, 64], ids=["in the record", "beside it"])
def test_requests_are_told_where_they_are_asked_for(omega, settings, inline):
    decided(replace(settings, inline=inline), body())
    (event,) = events(omega("decision", "export", "--with-inputs"))
    assert event["input"]["subject"]["id"] == "g-1"
    assert event["input"]["environment"]["caller"] == "marketplace"


def test_masks_are_applied_and_listed(omega, recorded, tmp_path):
    assert recorded
    masks = tmp_path / "masks.json"
    masks.write_text(
        json.dumps(["/input/subject/id", {"op": "upsert", "path": "/input/resource/id", "value": "x"}, "/input/no"])
    )
    event = events(omega("decision", "export", "--with-inputs", "--mask", masks))[0]
    assert (event["erased"], event["masked"]) == (["/input/subject/id"], ["/input/resource/id"])
    assert "id" not in event["input"]["subject"]
    assert "g-1" not in json.dumps(event)


def test_a_person_who_was_forgotten_is(omega, settings, recorded):
    store = subject_keys(settings)
    asyncio.run(store.destroy(Record.parse(record_of(settings, recorded[0])).sealed[0]["subject"]))
    close_keys(store)
    told = events(omega("decision", "export", "--with-inputs"))
    assert [each["erased"] for each in told] == [["/input"]] * 3
    assert not any("input" in each for each in told)
    assert "g-1" not in json.dumps(told)


def test_a_payload_that_was_deleted_is_gone(omega, settings):
    decided(replace(settings, inline=64), body())
    for path in settings.data.glob("objects/request/*/*"):
        path.unlink()
    (event,) = events(omega("decision", "export", "--with-inputs"))
    assert event["erased"] == ["/input"]


def test_into_a_file_that_only_its_owner_reads(omega, recorded, tmp_path):
    path = tmp_path / "decisions.jsonl"
    ended = omega("decision", "export", "-o", path)
    assert (ended.out, ended.errors) == ("", "3 decisions\n")
    assert len(path.read_text().splitlines()) == len(recorded)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.glob("*.part")) == []
    ended = omega("decision", "export", "-o", tmp_path / "nowhere" / "x")
    assert (ended.code, ended.message) == (2, "cannot write the export: No such file or directory")


@pytest.mark.parametrize(
    ("masks", "said"),
    [(None, "cannot read the masks: No such file or directory"), ("[7]", "masks.json: mask 0: write a pointer")],
)
@pytest.mark.usefixtures("recorded")
def test_masks_that_are_none_are_one_line(omega, tmp_path, masks, said):
    path = tmp_path / "masks.json"
    if masks:
        path.write_text(masks)
    ended = omega("decision", "export", "--mask", path)
    assert ended.code == 2
    assert ended.message.startswith(said)


@pytest.mark.usefixtures("recorded")
def test_a_time_has_its_zone(omega):
    ended = omega("decision", "export", "--since", "2026-11-22T10:00:00")
    assert (ended.code, ended.message) == (2, "state the time zone, as in 2026-11-22T10:46:23Z")


@pytest.mark.parametrize("error", [StoreError("store-unavailable"), KeyFileError("no key")], ids=["store", "key"])
@pytest.mark.usefixtures("recorded")
def test_what_cannot_be_read_is_one_line(omega, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(decision_export.log_scan, "decisions", fail)
    ended = omega("decision", "export")
    assert ended.code == 2
    assert ended.message


def test_a_log_without_decisions_has_no_events(omega, settings):
    assert settings
    ended = omega("decision", "export")
    assert (ended.code, ended.out, ended.errors) == (0, "", "0 decisions\n")
