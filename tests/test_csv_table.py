"""Tables as CSV, which a spreadsheet shows and does not run."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.csv_table import Table, defused

CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.text())


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("a=b", "a=b"),
        ("", ""),
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (-5, "-5"),
        (0.5, "0.5"),
    ],
)
def test_a_cell(cell, written):
    assert defused(cell) == written


def test_a_table():
    table = Table(name="t", head=("id", "what"), rows=(("a", 'say "x", twice'), ("=b", None)))
    assert table.csv() == 'id,what\r\na,"say ""x"", twice"\r\n\'=b,\r\n'


@given(st.lists(st.tuples(CELLS, CELLS), max_size=20))
def test_whatever_it_says_it_is_read_again_and_nothing_in_it_is_a_formula(rows):
    table = Table(name="t", head=("a", "b"), rows=tuple(rows))
    read = list(csv.reader(io.StringIO(table.csv(), newline="")))
    assert read == [["a", "b"], *[[defused(cell) for cell in row] for row in rows]]
    for row, cells in zip(read[1:], rows, strict=True):
        for text, cell in zip(row, cells, strict=True):
            assert isinstance(cell, int) or text[:1] not in set("=+-@\t\r\n") - {""} or text == ""
