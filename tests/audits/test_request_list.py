"""Lists of requests as CSV: read strictly, whole or not at all; errors name the line and nothing that stands there."""

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audits.errors import AuditsError
from app.audits.request import Asked
from app.audits.request_list import COLUMNS, LONGEST, MAX_BYTES, MOST, TEMPLATE, RequestListError, asked, parse

HEAD = ",".join(COLUMNS)


def listed(*rows):
    return "\r\n".join([HEAD, *rows]).encode()


def test_the_template_is_a_list():
    (one,) = parse(TEMPLATE.encode())
    assert (one.reference, one.control, one.due) == ("PBC-001", "soc2/CC8.1", "2026-12-15")


def test_what_spreadsheets_write_is_read():
    data = b"\xef\xbb\xbf" + listed(
        ' A-1 ,"Users, all",' + '"first\r\nsecond",,', "", ",,,,", "A-2,Leavers,,,2026-12-31"
    )
    assert parse(data) == (
        Asked(reference="A-1", title="Users, all", text="first\nsecond", control="", due=""),
        Asked(reference="A-2", title="Leavers", text="", control="", due="2026-12-31"),
    )


@pytest.mark.parametrize(
    ("data", "line", "why"),
    [
        pytest.param(b"", 1, "the first line is", id="nothing"),
        pytest.param(HEAD.encode(), 0, "at least one request", id="a head alone"),
        pytest.param(b"title,reference,text,control,due\r\n", 1, "the first line is", id="another order"),
        pytest.param(b"a" * (MAX_BYTES + 1), 0, "at most 128 KiB", id="too large"),
        pytest.param(b"\xff" + HEAD.encode(), 0, "is UTF-8", id="another encoding"),
        pytest.param(listed("a,b,c"), 2, "there are 3 cells, not 5", id="too few cells"),
        pytest.param(listed("a,b,c,d,,e"), 2, "there are 6 cells, not 5", id="too many cells"),
        pytest.param(listed('a,"b,c,d,'), 2, "a quote that is not closed", id="an open quote"),
        pytest.param(listed('a,"b"x,c,d,'), 2, "a quote that is not closed", id="a quote in the middle"),
        pytest.param(listed(",b,,,"), 2, "`reference` is empty", id="no reference"),
        pytest.param(listed("a,,,,"), 2, "`title` is empty", id="no title"),
        pytest.param(listed('a,"b\r\nc",,,', "d,,,,"), 2, "`title` has a character", id="lines in a title"),
        pytest.param(listed('a,b,"c\r\nc",,', "d,,,,"), 4, "`title` is empty", id="lines are those of the file"),
        pytest.param(listed("<a>,b,,,"), 2, "`reference` has a character", id="a mark in a reference"),
        pytest.param(listed("a,b,,=1+1,"), 2, "`control` has a character", id="a formula as a control"),
        pytest.param(listed("a,b,,,2026-13-01"), 2, "`due` is a day", id="no such month"),
        pytest.param(listed("a,b,,,31.12.2026"), 2, "`due` is a day", id="another form of day"),
        pytest.param(listed("a,b,,,2026-12-310"), 2, "`due` has more than 10", id="a day that is too long"),
        pytest.param(listed("a,b,,,", "", "a,c,,,"), 4, "`reference` is that of line 2", id="a reference twice"),
        pytest.param(listed("a," + "b" * 201 + ",,,"), 2, "`title` has more than 200", id="a long title"),
        pytest.param(listed("a,b\x00,,,"), 2, "`title` has a character", id="a NUL"),
        pytest.param(listed(*(f"a{n},b,,," for n in range(MOST + 1))), MOST + 2, "at most 500 requests", id="too many"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(data, line, why):
    with pytest.raises(RequestListError) as raised:
        parse(data)
    assert raised.value.line == line
    assert why in str(raised.value)
    assert (raised.value.code, raised.value.problem.status) == ("invalid", 400)


def test_one_request_is_read_as_a_row_of_a_list_is():
    assert asked({"reference": "A", "title": "B"}) == Asked(reference="A", title="B", text="", control="", due="")
    with pytest.raises(AuditsError, match=r"^`title` is empty$"):
        asked({"reference": "A"})


@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: listed(text).replace(b"\\", b'"')))
def test_no_bytes_leak_another_error(data):
    try:
        found = parse(data)
    except RequestListError:
        return
    assert found


_WORD = st.text(st.sampled_from("aZ9. -"), min_size=1, max_size=20).map(lambda text: f"x{text}x")


@given(
    st.lists(
        st.builds(
            Asked,
            reference=_WORD,
            title=st.text(st.sampled_from("ab\"',;é =+"), max_size=40).map(lambda text: f"x{text}x"),
            text=st.text(st.sampled_from('ab"\n, '), max_size=60).map(str.strip),
            control=_WORD.map(lambda text: text.replace(" ", "")) | st.just(""),
            due=st.dates(min_value=date(2026, 1, 1), max_value=date(2099, 1, 1))
            .map(str)
            .filter(lambda day: day[:2] == "20"),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda each: each.reference,
    )
)
def test_a_list_that_is_written_is_read_again(every):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([each.reference, each.title, each.text, each.control, each.due] for each in every)
    assert parse(text.getvalue().encode()) == tuple(every)


def test_every_column_has_a_length():
    assert set(LONGEST) == set(COLUMNS)
