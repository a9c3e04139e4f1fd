"""Coverage is what lines say, and not what a report says of itself."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.marketplace.inspection.coverage_report import MAX_BYTES, parse_coverage
from app.features.marketplace.inspection.errors import CoverageError
from tests.features.marketplace.inspection.making import coverage


@pytest.mark.parametrize(
    ("covered", "lines", "percent"),
    [(80, 100, 80.0), (7_999, 10_000, 79.99), (0, 0, 0.0), (2, 3, 66.66), (5, 5, 100.0)],
)
def test_the_lines_are_counted_and_rounded_down(covered, lines, percent):
    read = parse_coverage(coverage([1] * covered + [0] * (lines - covered)))
    assert (read.covered, read.lines, read.percent) == (covered, lines, percent)


def test_a_header_that_lies_changes_nothing_but_is_told():
    read = parse_coverage(coverage([1, 0, 0, 0], rate="0.99"))
    assert (read.percent, read.stated, read.lies) == (25.0, 99.0, True)
    assert not parse_coverage(coverage([1, 0, 0, 0], rate="0.25")).lies
    assert not parse_coverage(coverage([1, 1, 1, 0], rate="nan")).lies


def test_a_line_counts_once():
    doubled = coverage([1, 0]).replace(b"</lines>", b'<line number="1" hits="1"/><line number="2" hits="3"/></lines>')
    read = parse_coverage(doubled)
    assert (read.covered, read.lines) == (2, 2)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a/>",
        b"<coverage>",
        b'<coverage><line number="1"/></coverage>',
        b'<coverage><line number="1" hits="-1"/></coverage>',
        b'<coverage><line number="1" hits="1e3"/></coverage>',
        b"<a>" * 100_000,
        b'<!DOCTYPE a [<!ENTITY b "c">]><coverage>&b;</coverage>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><coverage>&b;</coverage>',
        b'<?xml version="1.0" encoding="no-such-thing"?><coverage/>',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_report_is_refused(data):
    with pytest.raises(CoverageError):
        parse_coverage(data)


@given(st.binary(max_size=100))
def test_bytes_leak_no_other_error(data):
    for each in (data, b"<coverage>" + data + b"</coverage>"):
        with contextlib.suppress(CoverageError):
            parse_coverage(each)
