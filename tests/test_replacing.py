"""Requests to replace a worker: each taken once, whatever lies there."""

from dataclasses import replace

import pytest

from app import replacing
from app.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment({"OMEGA_DATA": str(tmp_path)})


def test_what_is_asked_for_is_taken_once(settings):
    assert list(replacing.take(settings)) == []
    replacing.ask(settings, "worker 1", 7)
    replacing.ask(settings, "worker 0", 8)
    replacing.ask(settings, "worker 0", 9)
    assert list(replacing.take(settings)) == [("worker 0", 9), ("worker 1", 7)]
    assert list(replacing.take(settings)) == []


def test_what_makes_no_sense_is_left_out(settings):
    settings.status.mkdir()
    for name, text in (("worker-0.replace", "x"), ("worker-1.replace", "1" * 99), ("worker-x.replace", "7")):
        (settings.status / name).write_text(text)
    (settings.status / "worker-2.replace").mkdir()
    assert list(replacing.take(settings)) == []


def test_where_nothing_can_be_asked_for(settings, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):  # noqa: PT011 - whichever
        replacing.ask(replace(settings, data=tmp_path / "file"), "worker 0", 1)
