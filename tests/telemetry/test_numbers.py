"""The numbers of a process, and how they are read by another."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telemetry import catalogue, numbers
from app.telemetry.numbers import Numbers, parse


def parsed(made):
    return parse("worker 0", 2.0, json.loads(json.dumps({"started": 1.0} | made.document())))


def test_counters_grow_gauges_change_and_histograms_spread():
    made = Numbers()
    made.add(catalogue.DECISIONS, "shop.sell", "allow")
    made.add(catalogue.DECISIONS, "shop.sell", "allow", amount=2)
    made.set(catalogue.IN_FLIGHT, 5)
    made.set(catalogue.IN_FLIGHT, 3)
    series = made.series(catalogue.EVALUATION)
    for seconds in (0.0005, 0.00051, 99.0):
        series.observe(seconds)
    assert made.series(catalogue.EVALUATION) is series
    found = parsed(made)
    assert (found.process, found.started, found.time) == ("worker 0", 1.0, 2.0)
    assert found.values == {("omega_decisions_total", ("shop.sell", "allow")): 3, ("omega_requests_in_flight", ()): 3}
    (spread,) = found.series.values()
    assert spread.counts == [1, 1, *[0] * 12, 1]
    assert spread.sum == pytest.approx(99.00101)


def test_what_is_no_metric_is_left_out():
    document = {
        "started": 0,
        "values": [["made_up", [], 1], ["omega_decisions_total", [], 1], ["omega_evaluation_seconds", [], 1]],
        "series": [["omega_evaluation_seconds", [], [1], 1], ["omega_requests_in_flight", [], [1] * 15, 1]],
    }
    found = parse("worker 0", 0.0, document)
    assert (found.values, found.series) == ({}, {})


def test_labels_do_not_grow_without_end(monkeypatch):
    monkeypatch.setattr(numbers, "MOST", 2)
    made = Numbers()
    for gate in ("a", "b", "c"):
        made.add(catalogue.GATE_DENIES, "shop.sell", gate)
    made.set(catalogue.IN_FLIGHT, 1)
    made.add(catalogue.GATE_DENIES, "shop.sell", "a")
    assert sorted(parsed(made).values.values()) == [1, 2]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(
    st.fixed_dictionaries({"started": _JSON, "values": st.lists(_JSON) | _JSON, "series": st.lists(_JSON) | _JSON})
    | _JSON
)
def test_what_is_no_snapshot_is_one_error(document):
    with contextlib.suppress(ValueError):
        parse("worker 0", 0.0, document)
