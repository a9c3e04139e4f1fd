"""Text that people enter: taken as it is meant, or refused with the name of the field."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audits import entered, files
from app.audits.errors import AuditsError

READ = (
    lambda value: entered.text("x", value, longest=20),
    lambda value: entered.text("x", value, longest=20, lines=True, needed=True),
    lambda value: entered.day("x", value),
    lambda value: entered.moment("x", value),
    lambda value: entered.networks("x", value),
    lambda value: entered.number("x", value, least=1, most=10),
    files.file_name,
)
_ANYTHING = st.none() | st.text(max_size=30) | st.lists(st.text(max_size=3), max_size=2) | st.integers() | st.booleans()


@pytest.mark.parametrize("read", READ, ids=("text", "lines", "day", "moment", "networks", "number", "file name"))
@settings(max_examples=40)
@given(value=_ANYTHING | st.from_regex(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}(T[0-9:]{5,9}Z?)?", fullmatch=True))
def test_nothing_leaks_another_error(read, value):
    if read is files.file_name and not isinstance(value, str | None):
        return
    try:
        read(value)
    except AuditsError as error:
        assert (error.code, "`" in str(error)) == ("invalid", True)  # noqa: PT017


def test_days_and_moments_are_utc_in_the_form_of_the_log():
    found = entered.day("x", " 2026-12-31 ")
    assert entered.midnight(found) == "2026-12-31T00:00:00.000000Z"
    assert entered.after(found) == "2027-01-01T00:00:00.000000Z"
    assert entered.last_day(entered.after(found)) == "2026-12-31"
    assert entered.moment("x", "2026-11-22T14:00") == "2026-11-22T14:00:00.000000Z"
    assert entered.moment("x", "2026-11-22T14:00:07Z") == "2026-11-22T14:00:07.000000Z"


def test_networks_have_one_form_and_one_order():
    assert entered.networks("x", "2001:DB8:0::/32,10.1.0.0/16\n10.0.0.1 10.0.0.1/32") == (
        "10.0.0.1/32",
        "10.1.0.0/16",
        "2001:db8::/32",
    )
    assert entered.networks("x", " ") == ()


def test_numbers_are_taken_as_numbers_and_as_text():
    assert entered.number("x", "7", least=1, most=10) == entered.number("x", 7, least=1, most=10) == 7
    for refused in ("11", 0, True, None, "seven", "07.0"):
        with pytest.raises(AuditsError):
            entered.number("x", refused, least=1, most=10)


def test_the_name_of_a_file_has_no_folders():
    assert files.file_name("C:\\a\\b/c.csv") == "c.csv"
    for refused in (None, "", "a/", "x" * 121, "a\nb"):
        with pytest.raises(AuditsError):
            files.file_name(refused)


def test_a_form_has_one_digest_whatever_its_order():
    assert files.digest_of({"a": "1", "b": "ü"}) == files.digest_of({"b": "ü", "a": "1"})
    assert files.digest_of({"a": "\ud800"}) == files.digest_of({"a": "?"})
