"""`omega subject`: erase, hold, release, replay-erasures, sweep."""

import asyncio
import io
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import decision_log
from app.cli import subject
from evidence.record import Record
from tests.decision_plane.asking import body
from tests.node import close_keys, decided, payloads, sealed, subject_keys
from tests.test_decision_log import Starting, record_of

WHO = ("--type", "grocer", "--id", "-")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Nobody else has a cache here, so there is nothing to wait for."""
    waited = []
    monkeypatch.setattr(subject, "time", SimpleNamespace(sleep=waited.append))
    monkeypatch.setattr(decision_log, "Evaluators", Starting)
    return waited


@pytest.fixture
def told(monkeypatch):
    """Put bytes on standard input."""

    def tell(data):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return tell


def pseudonym(settings):
    store = subject_keys(settings)
    try:
        return asyncio.run(store.key("default", "grocer", "g-1")).subject
    finally:
        close_keys(store)


def test_a_person_is_erased_and_the_log_verifies_and_the_decision_cannot_be_known(omega, settings, told, at_once):
    (recorded,) = decided(settings, body())
    told(b"g-1\n")
    ended = omega("subject", "erase", *WHO, "--ground", "consent_withdrawn", "--json")
    assert (ended.code, ended.errors, at_once) == (0, "", [11.0])
    certificate = ended.json
    erased = Record.parse(record_of(settings, recorded)).body["subject"]["ref"]
    assert (certificate["subject"], certificate["ground"]) == (erased, "consent_withdrawn")
    assert "g-1" not in ended.out
    sealed(settings)
    assert omega("evidence", "verify").code == 0
    assert omega("evidence", "show", certificate["completed"]).code == 0
    replayed = omega("decision", "replay", recorded.decision_id)
    assert (replayed.code, replayed.out.splitlines()[0]) == (
        4,
        f"{recorded.decision_id}: sealed, key destroyed: the subject's key was destroyed",
    )
    assert omega("decision", "explain", recorded.decision_id).code == 0
    assert pseudonym(settings) != erased


def test_an_erasure_in_plain_words(omega, settings, told):
    decided(settings, body())
    told(b"g-1")
    ended = omega("subject", "erase", *WHO, "--ground", "objection")
    first, requested, completed = ended.out.splitlines()
    assert first.endswith(": erased; 1 keys, 0 payloads")
    assert (requested.split()[0], completed.split()[0]) == ("requested", "completed")


def test_a_hold_is_set_and_released(omega, settings, told):
    decided(settings, body())
    for command, code, says in (
        (("hold", "--reason", "litigation:17"), 0, "state: set"),
        (("erase", "--ground", "objection"), 1, "legal_hold: a legal hold stands on this person: litigation:17"),
        (("release", "--reason", "litigation:17"), 0, "state: released"),
        (("release", "--reason", "litigation:17"), 1, "no hold `litigation:17` stands on this person"),
        (("erase", "--ground", "objection"), 0, "erased"),
        (("hold", "--reason", "litigation:17"), 2, "unknown_person: nobody is known by this id"),
        (("erase", "--ground", "objection"), 2, "unknown_person: nobody is known by this id"),
    ):
        told(b"g-1\n")
        ended = omega("subject", command[0], *WHO, *command[1:])
        assert (ended.code, says in ended.out + ended.errors) == (code, True), command


def test_a_reason_that_is_a_sentence_is_one_line(omega, settings, told):
    decided(settings, body())
    told(b"g-1\n")
    ended = omega("subject", "hold", *WHO, "--reason", "He sues us")
    assert (ended.code, ended.message[:13]) == (2, "hold_reason: ")


def test_after_a_restore_what_was_erased_is_erased_again(omega, settings, told):
    decided(settings, body())
    copy = settings.data / "copy.db"
    shutil.copy(settings.data / "subject_keys.db", copy)
    told(b"g-1\n")
    erased = omega("subject", "erase", *WHO, "--ground", "objection", "--json").json["subject"]
    for path in settings.data.glob("subject_keys.db*"):
        path.unlink()
    copy.rename(settings.data / "subject_keys.db")
    assert pseudonym(settings) == erased
    ended = omega("subject", "replay-erasures", "--json")
    assert (ended.code, ended.json) == (
        0,
        {"erased": 1, "destroyed_again": 1, "payloads": 0, "held": [], "unreadable": 0},
    )
    assert pseudonym(settings) != erased
    assert omega("subject", "replay-erasures").out.splitlines()[:2] == ["erased: 1", "destroyed_again: 0"]


def test_old_payloads_that_no_record_names_are_swept(omega, settings, monkeypatch):
    monkeypatch.setenv("OMEGA_INLINE_BYTES", "0")
    decided(settings, body())
    objects = payloads(settings)._objects
    orphan = f"request/{pseudonym(settings)}/{'0' * 32}"
    objects.put(orphan, b"x")
    assert omega("subject", "sweep", "--json").json == {"unnamed": 0, "expired": 0}
    os.utime(Path(settings.objects) / orphan, (1_600_000_000, 1_600_000_000))
    assert omega("subject", "sweep").out == "unnamed: 1\nexpired: 0\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "has to hold the id", id="nothing"),
        pytest.param(b"\n", "has to hold the id", id="an empty line"),
        pytest.param(b"one\ntwo\n", "has to hold the id", id="two lines"),
        pytest.param(b"x" * 4_097, "has to hold the id", id="too much"),
        pytest.param(b"\xff", "not UTF-8", id="no text"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_standard_input_holds_one_id(omega, told, data, says):
    told(data)
    ended = omega("subject", "erase", *WHO, "--ground", "objection")
    assert (ended.code, says in ended.message) == (2, True)


@pytest.mark.usefixtures("settings")
def test_an_id_is_never_an_argument(omega):
    ended = omega("subject", "erase", "--type", "grocer", "--id", "alice", "--ground", "objection")
    assert (ended.code, ended.out) == (2, "")
    assert "invalid choice" in ended.errors


def test_without_a_node_nothing_is_made(omega, monkeypatch, tmp_path, told):
    monkeypatch.setenv("OMEGA_DATA", str(tmp_path / "nowhere"))
    told(b"g-1\n")
    ended = omega("subject", "erase", *WHO, "--ground", "objection")
    assert (ended.code, "cannot be read" in ended.message) == (2, True)
    assert not (tmp_path / "nowhere").exists()


def test_a_journal_that_takes_no_record_is_one_line(omega, settings, told):
    decided(settings, body())
    shutil.rmtree(settings.journals)
    settings.journals.write_text("no directory")
    told(b"g-1\n")
    ended = omega("subject", "erase", *WHO, "--ground", "objection")
    assert (ended.code, ended.message[:21]) == (2, "journal-unavailable: ")
