from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.privacy.redacting import load_patterns
from app.privacy.detection import patterns, recogniser_file
from app.privacy.detection.document import find_in
from app.privacy.detection.errors import RecogniserError
from app.privacy.detection.hints import HINTS

OWN = """
recognisers:
  - name: employee
    kind: EMPLOYEE_ID
    expression: '\\bE(?P<value>[0-9]{6})\\b'
    score: 0.3
    near_score: 0.9
    context: [employee]
  - name: badge
    kind: BADGE
    expression: 'b-[0-9]{10}'
    ignore_case: true
    check: luhn
    unless: [example]
    languages: [de]
    digits: true
    score: 0.6
languages: {de: de_model}
phone_regions: [JP]
hints: {staffName: PERSON}
"""


def test_recognisers_are_data(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    own = recogniser_file.load(path)
    lane = patterns.load(own.recognisers, phone_regions=own.phone_regions)
    text = "E123456 is no employee; another line\n\n\nthe employee E654321"
    assert [(each.kind, each.start) for each in lane.find("employee E654321")] == [("EMPLOYEE_ID", 10)]
    assert [text[each.start : each.end] for each in lane.find(text)] == ["123456", "654321"]
    badge = "B-1234567897"
    assert [each.kind for each in lane.find(badge, language="de-CH")] == ["BADGE"]
    assert [each.kind for each in lane.find(badge)] == []
    assert lane.find(f"example {badge}", language="de") == ()
    assert (own.languages, own.phone_regions, own.hints) == ({"de": "de_model"}, ("JP",), {"staff name": "PERSON"})
    found = find_in({"staff_name": "Zed"}, lane, hints={**HINTS, **own.hints})
    assert [(each.kind, each.path) for each in found] == [("PERSON", "/staff_name")]


def test_services_get_what_an_installation_adds(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    find = load_patterns(recogniser_file.load(path))
    found = find({"staffName": "Zed", "note": "employee E654321"}, language="en")
    assert [(each.kind, each.path) for each in found] == [("PERSON", "/staffName"), ("EMPLOYEE_ID", "/note")]


def test_an_empty_file_changes_nothing():
    assert recogniser_file.load(None) == recogniser_file.Detection()
    assert recogniser_file.parse(b"{}") == recogniser_file.Detection()


def recogniser(**changes):
    given = {"name": "x", "kind": "X", "expression": "'a'", "score": "0.5"} | changes
    return "recognisers:\n  - {" + ", ".join(f"{name}: {value}" for name, value in given.items() if value) + "}\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[", id="no YAML"),
        pytest.param("a: &x 1\nb: *x", id="an alias"),
        pytest.param("[1]", id="a list"),
        pytest.param("rules: []", id="another member"),
        pytest.param("recognisers: {}", id="recognisers that are no list"),
        pytest.param("recognisers: [1]", id="a recogniser that is no object"),
        pytest.param(recogniser(kind=None), id="no kind"),
        pytest.param(recogniser(colour="red"), id="an unknown member"),
        pytest.param(recogniser(name="X y"), id="a name of another form"),
        pytest.param(recogniser(kind="email"), id="a kind of another form"),
        pytest.param(recogniser(expression="'(a+)+'"), id="an expression without bounds"),
        pytest.param(recogniser(expression="[a]"), id="an expression that is no text"),
        pytest.param(recogniser(score="2"), id="a score above 1"),
        pytest.param(recogniser(score="true"), id="a score that is no number"),
        pytest.param(recogniser(near_score="'a'"), id="a second score that is no number"),
        pytest.param(recogniser(check="md5"), id="a check that is none"),
        pytest.param(recogniser(check="[luhn]"), id="a check that is no text"),
        pytest.param(recogniser(context="[A]"), id="a word in capitals"),
        pytest.param(recogniser(context="a"), id="words that are no list"),
        pytest.param(recogniser(digits="1"), id="a flag that is none"),
        pytest.param(recogniser() + recogniser()[13:], id="the same name twice"),
        pytest.param("recognisers: [" + "1, " * 257 + "1]", id="too many"),
        pytest.param("#" * 300_000, id="too long"),
        pytest.param("languages: {german: de_model}", id="a language of another form"),
        pytest.param("languages: {de: ../model}", id="a model of another form"),
        pytest.param("phone_regions: [Japan]", id="a region of another form"),
        pytest.param("phone_regions: {JP: JP}", id="regions that are no list"),
        pytest.param("hints: {name: person}", id="a hint of another form"),
        pytest.param("hints: [PERSON]", id="hints that are no object"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(text):
    with pytest.raises(RecogniserError):
        recogniser_file.parse(text.encode())


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RecogniserError, match="cannot be read"):
        recogniser_file.load(tmp_path / "none.yaml")


@given(st.binary(max_size=200) | st.text(st.sampled_from("recogniss: []{}-'\"\n&*!|>#0a"), max_size=80).map(str.encode))
def test_no_other_error_is_leaked(data):
    with suppress(RecogniserError):
        recogniser_file.parse(data)
