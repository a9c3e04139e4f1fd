"""Charts: the same values the same text, readable without eyes and without colours."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from app.chart import WIDTH, Bar, Line, Part, Point, amounts, bars, trend

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def line(name, *values, step=30):
    return Line(
        name=name, points=tuple(Point(at=BEGIN + timedelta(step * n), value=value) for n, value in enumerate(values))
    )


def parsed(svg):
    return ET.fromstring(svg)  # noqa: S314 - ours


def said(svg):
    root = parsed(svg)
    return root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text


def texts(svg):
    return [each.text for each in parsed(svg).iter(f"{SVG}text")]


def test_a_trend_says_in_words_what_it_shows():
    svg = trend("t", "Score of SOC 2", [line("SOC 2", 81, 74.5, 97)])
    assert said(svg) == (
        "Score of SOC 2",
        "SOC 2: from 81 % on 2026-01-01 to 97 % on 2026-03-02, lowest 74.5 % on 2026-01-31.",
    )
    assert "SOC 2 97 %" in texts(svg)


def test_one_point_and_none():
    assert (
        said(trend("t", "x", [line("SOC 2", 81), line("GDPR")]))[1] == "SOC 2: 81 % on 2026-01-01. GDPR: nothing yet."
    )
    assert "nothing yet" in texts(trend("t", "x", []))


def test_amounts_have_a_scale_of_their_own():
    svg = amounts("a", "Records of each day", [line("records", 120, 3_400_000, 57), line("none yet")], "records")
    assert said(svg) == (
        "Records of each day",
        (
            "records, from 2026-01-01 to 2026-03-02: least 57 records on 2026-03-02, most 3.4 million records on "
            "2026-01-31. none yet: nothing yet."
        ),
    )
    assert [each for each in texts(svg) if each in {"0", "1 million", "2 million", "3 million", "4 million"}] == [
        "0",
        "1 million",
        "2 million",
        "3 million",
        "4 million",
    ]
    assert "nothing yet" in texts(amounts("a", "x", [], "records"))


@given(st.floats(0, 1e12, allow_subnormal=False))
def test_no_amount_lies_outside_the_plot(value):
    for each in parsed(amounts("a", "x", [line("n", value, 0)], "s")).iter(f"{SVG}path"):
        if each.get("class").startswith("line"):
            heights = [float(place.split()[1]) for place in each.get("d")[1:].split("L")]
            assert all(16 <= height <= 244.1 for height in heights)


def test_lines_differ_by_more_than_their_colour():
    svg = trend("t", "x", [line(f"f{number}", 10 * number, 12 * number) for number in range(8)])
    lines = [each for each in parsed(svg).iter(f"{SVG}path") if "line" in each.get("class")]
    marks = [each for each in parsed(svg).iter(f"{SVG}path") if "mark" in each.get("class")]
    first = {(each.get("stroke-dasharray"), mark.get("d").count("a")) for each, mark in zip(lines, marks, strict=True)}
    assert len(lines) == 8
    assert len({each.get("stroke") for each in lines}) == 8
    assert len(first) >= 4


def test_a_ninth_line_is_left_out_of_the_drawing_and_not_of_the_words():
    svg = trend("t", "x", [line(f"f{number}", 50) for number in range(9)])
    assert "f8: 50 %" in said(svg)[1]
    assert len([each for each in texts(svg) if each.startswith("f")]) == 8


def test_names_are_apart_and_inside():
    svg = trend("t", "x", [line(f"f{number}", 100, 0) for number in range(8)])
    places = sorted(float(each.get("y")) for each in parsed(svg).iter(f"{SVG}text") if "name" in each.get("class"))
    assert all(later - earlier >= 15.9 for earlier, later in pairwise(places))
    assert places[-1] < 280


def test_bars_count():
    counted = [
        Bar(
            name="SOC 2",
            parts=(Part(name="effective", count=60, tone="good"), Part(name="stale", count=1, tone="warn")),
        ),
        Bar(name="a framework with a very long name", parts=()),
    ]
    svg = bars("b", "States", counted)
    assert said(svg)[1] == "SOC 2: 60 effective, 1 stale. a framework with a very long name: none."
    assert "a framework with a very…" in texts(svg)
    assert said(bars("b", "States", []))[1] == "Nothing yet."


def test_nothing_that_is_shown_is_markup():
    evil = "<script>alert(1)</script>'\"&"
    for svg in (
        trend("t", evil, [line(evil, 5, 6)]),
        bars("b", evil, [Bar(name=evil, parts=(Part(name=evil, count=1, tone="bad"),))]),
    ):
        assert "<script" not in svg
        assert said(svg)[0] == evil


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 4_000), st.floats(-1e9, 1e9)), max_size=40).map(sorted),
        max_size=10,
    )
)
def test_whatever_the_values_it_is_a_drawing_of_its_size_and_the_same_each_time(drawn):
    lines = [
        Line(name=str(n), points=tuple(Point(at=BEGIN + timedelta(day), value=value) for day, value in points))
        for n, points in enumerate(drawn)
    ]
    svg = trend("t", "x", lines)
    assert svg == trend("t", "x", lines)
    for each in parsed(svg).iter(f"{SVG}text"):
        assert -1 <= float(each.get("x")) <= WIDTH
        assert 0 <= float(each.get("y")) <= 280
