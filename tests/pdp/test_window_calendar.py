"""When change windows are open next: as the policy says, to the second."""

import json
from datetime import UTC, datetime

import pytest

from app.pdp.bundle import load
from app.pdp.window_calendar import Opening, openings
from tests.pdp.evaluating import ROOT
from tests.pdp.shop import FILES, written

EVERY = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def seconds(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NOW = seconds("2026-11-22T14:00:10")  # a Sunday


def window(allow, deny=(), freezes=(), **place):
    return {"allow": allow, "deny": list(deny), "freezes": list(freezes)} | (place or {"zone": "UTC"})


def spans(tmp_path, said, *, freezes=(), days=7):
    lib = {
        f"rego/lib/{name}.rego": (ROOT / f"policies/rego/lib/{name}.rego").read_text()
        for name in ("change_window", "clock")
    }
    data = {"data/change_windows.json": json.dumps({"windows": {"w": said}, "freezes": list(freezes)})}
    bundle = load(written(tmp_path, FILES | lib | data), "r1")
    return openings(bundle, NOW, days=days)["w"]


def entry(days, begins, ends):
    return {"days": days, "from": begins, "to": ends}


def test_a_span_begins_and_ends_to_the_second(tmp_path):
    found = spans(tmp_path, window([entry(["Monday"], "09:07", "17:53")]))
    assert found == (Opening(begins=seconds("2026-11-23T09:07:00"), ends=seconds("2026-11-23T17:53:00")),)


def test_what_is_open_now_begins_now_and_may_have_no_end_in_sight(tmp_path):
    found = spans(tmp_path, window([entry(EVERY, "00:00", "24:00")]))
    assert found == (Opening(begins=NOW, ends=None),)


def test_what_is_open_now_may_end(tmp_path):
    found = spans(tmp_path, window([entry(["Sunday"], "13:00", "15:00")]), days=2)
    assert found == (Opening(begins=NOW, ends=seconds("2026-11-22T15:00:00")),)


def test_a_freeze_and_what_is_denied_cut_spans(tmp_path):
    frozen = {"name": "f", "from": "2026-11-22T16:00:00Z", "to": "2026-11-22T16:30:30Z"}
    said = window([entry(["Sunday"], "15:00", "18:00")], [entry(["Sunday"], "17:00", "17:30")])
    found = spans(tmp_path, said, freezes=[frozen], days=2)
    times = [("15:00:00", "16:00:00"), ("16:30:30", "17:00:00"), ("17:30:00", "18:00:00")]
    assert found == tuple(
        Opening(begins=seconds(f"2026-11-22T{begins}"), ends=seconds(f"2026-11-22T{ends}")) for begins, ends in times
    )


def test_a_zone_is_kept(tmp_path):
    [found] = spans(tmp_path, window([entry(["Monday"], "09:00", "10:00")], zone="Europe/Berlin"))
    assert found.begins == seconds("2026-11-23T08:00:00")


@pytest.mark.parametrize("said", [window([]), window([entry(["Monday"], "10:00", "09:00")]), {}])
def test_a_window_that_never_opens(tmp_path, said):
    assert spans(tmp_path, said) == ()


def test_policies_without_windows_have_none(tmp_path):
    assert openings(load(written(tmp_path, FILES), "r1"), NOW) == {}
