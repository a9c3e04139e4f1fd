import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.privacy.detection import document
from app.privacy.detection.errors import DocumentError
from app.privacy.detection.finding import Finding, Kind, Lane


def test_values_numbers_and_names_of_members_are_found_by_path(lane):
    value = {
        "customer": {"name": "Okonkwo Chidi", "card": 5555555555554444, "tags": ["a/b", "jane@example.org"]},
        "seen/by": {"max@example.net": True},
        "note": None,
    }
    found = document.find_in(value, lane)
    assert [(each.path, each.kind, each.start, each.end, each.in_name) for each in found] == [
        ("/customer/name", Kind.PERSON, 0, 13, False),
        ("/customer/card", Kind.CARD, 0, 16, False),
        ("/customer/tags/1", Kind.EMAIL, 0, 16, False),
        ("/seen~1by/max@example.net", Kind.EMAIL, 0, 15, True),
    ]


def test_the_field_counts_as_context(lane):
    assert document.find_in({"order": {"number": "12345678901"}}, lane) == ()
    assert [each.kind for each in document.find_in({"accountNumber": "12345678901"}, lane)] == [Kind.BANK_ACCOUNT]


def test_a_text_is_a_json_string_at_the_top(lane):
    text = "mail jane@example.org"
    assert document.find_in(text, lane) == lane.find(text)


def deep(levels):
    value = "end"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(deep(65), id="too deep"),
        pytest.param(["a"] * 100_001, id="too many values"),
        pytest.param(["a" * 5_000_000] * 2, id="too many characters"),
        pytest.param({1: "a"}, id="a name that is no text"),
        pytest.param([b"bytes"], id="something else than JSON"),
        pytest.param([10**64], id="an integer longer than any identifier"),
    ],
)
def test_a_document_that_is_not_looked_through_is_refused(lane, value):
    with pytest.raises(DocumentError):
        document.find_in(value, lane)


class Whole:
    """Takes all of a text for one name, whatever it holds."""

    def find(self, text, *, language="en"):
        assert language == "en"
        return (Finding(start=0, end=len(text), kind=Kind.PERSON, score=0.5, lane=Lane.NAMES),)


def test_a_finding_over_several_values_is_cut_to_each():
    found = document.find_in([{"a": "one"}, "two", "", 3], Whole(), hints={})
    assert [(each.path, each.start, each.end, each.in_name) for each in found] == [
        ("/0/a", 0, 1, True),
        ("/0/a", 0, 3, False),
        ("/1", 0, 3, False),
        ("/3", 0, 1, False),
    ]


def test_a_document_larger_than_what_is_seen_at_once_is_looked_through(lane):
    value = [["x" * 9_000], {"note": "y" * 9_000 + " jane@example.org"}, "max@example.org"]
    assert [(each.path, each.start) for each in document.find_in(value, lane)] == [("/1/note", 9_001), ("/2", 0)]


SCALARS = st.none() | st.booleans() | st.integers(-(10**63), 10**63) | st.floats() | st.text(max_size=20)
NAMES = st.sampled_from(["name", "customer", "dob", "a/b", "~", "", "card"]) | st.text(max_size=8)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=8
    )
)
def test_any_document_is_looked_through(lane, value):
    for each in document.find_in(value, lane):
        text = each.path.rpartition("/")[2].replace("~1", "/").replace("~0", "~") if each.in_name else None
        text = labelled_at(value, each.path) if text is None else text
        assert 0 <= each.start < each.end <= len(text)


def labelled_at(value, path):
    for part in path.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part.replace("~1", "/").replace("~0", "~")]
    return value if isinstance(value, str) else repr(value)
