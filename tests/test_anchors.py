"""The anchors of a node: made from the settings, and what is said of them."""

import os
from dataclasses import replace

import pytest

from app import anchors
from app.settings import Settings, SettingsError, Witness
from evidence.stores.memory import MemoryStore
from tests.evidence.authority import Authority
from tests.evidence.growing import WITNESS


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment({"OMEGA_DATA": str(tmp_path), "OMEGA_TSA_URL": "http://tsa.example"})


def test_each_authority_is_an_anchor(settings):
    both = replace(settings, witnesses=(Witness(key=WITNESS.key, url="http://w.example"),))
    names = [anchor.name for anchor in anchors.anchors(both, MemoryStore(), ())]
    assert names == ["time stamps", "witness witness.example/w1"]
    assert anchors.anchors(replace(settings, tsa=None), MemoryStore(), ()) == []


def test_roots_are_loaded(settings, tmp_path):
    assert anchors.load_roots(settings) == ()
    authority = Authority.make(tmp_path / "a")
    assert len(anchors.load_roots(replace(settings, tsa_roots=authority.folder / "root.pem"))) == 1


@pytest.mark.parametrize("content", [None, b"", b"nonsense", bytes((1 << 20) + 1)])
def test_roots_that_cannot_be_had(settings, tmp_path, content):
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^OMEGA_TSA_ROOTS cannot be"):
        anchors.load_roots(replace(settings, tsa_roots=path))


def test_without_anchors_there_is_no_alarm(settings):
    assert anchors.alarms(replace(settings, tsa=None), 0.0) == ()


def test_what_is_overdue_is_an_alarm(settings):
    anchors.report(settings, ["time stamps", "witness a"])
    now = (settings.data / "anchors.overdue").stat().st_mtime
    assert anchors.alarms(settings, now + 29) == ("anchor overdue: time stamps", "anchor overdue: witness a")
    anchors.report(settings, [])
    os.utime(settings.data / "anchors.overdue", (now, now))
    assert anchors.alarms(settings, now + 29) == ()
    assert anchors.alarms(settings, now + 31) == ("nobody anchors the log",)


@pytest.mark.parametrize("content", [None, b"\xff"], ids=["missing", "no text"])
def test_a_report_that_is_none_is_an_alarm(settings, content):
    if content is not None:
        (settings.data / "anchors.overdue").write_bytes(content)
    assert anchors.alarms(settings, 0.0) == ("nobody anchors the log",)
