import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.privacy.detection import name_cues, name_spans, names
from app.privacy.detection.errors import ModelError
from app.privacy.detection.finding import Finding, Kind, Lane

pytestmark = pytest.mark.slow
CHARACTERS = st.sampled_from("AaBb zÉß'\u2019-.,:;=@_/\"\n\t01(){}[]\u00a0\u0130\U0001f600\ud800")
WORDS = st.sampled_from(
    [
        "Dear ",
        "my name is ",
        "Mr. ",
        "name=",
        '"name": "',
        "van der ",
        "Jane",
        "OKONKWO",
        " lives in ",
        "a,name\n",
        " GmbH",
    ]
)


@pytest.fixture(scope="module")
def lane():
    return names.load()


@settings(max_examples=80, deadline=None)
@given(st.lists(WORDS | CHARACTERS, max_size=40).map("".join))
def test_any_text_is_looked_through(lane, text):
    found = lane.find(text, language="xx")
    edges = [edge for each in found for edge in (each.start, each.end)]
    assert edges == sorted(edges)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert {each.kind for each in found} <= {Kind.PERSON, Kind.LOCATION}


def test_a_name_is_found_wherever_a_long_text_is_cut(lane):
    text = "the river is long and wide, and nobody knows why. " * 400 + "\nSigned by Maria Holloway."
    assert [text[each.start : each.end] for each in lane.find(text)] == ["Maria Holloway"]
    assert lane.find("x" * 20_000) == ()


def test_names_in_capitals_and_repeated_ones_are_found(lane):
    text = "Witness: DENISE WHITAKER. Later on Denise came back, and Whitaker left."
    found = [text[each.start : each.end] for each in lane.find(text)]
    assert "DENISE WHITAKER" in found
    assert {"Denise", "Whitaker"} <= set(lane_words(lane, "Mrs Denise Whitaker. Then Denise left. Whitaker too."))


def lane_words(lane, text):
    return [word for each in lane.find(text) for word in text[each.start : each.end].split()]


@pytest.mark.parametrize(
    "languages", [pytest.param({}, id="none"), pytest.param({"en": "no_such_model"}, id="missing")]
)
def test_a_model_that_is_not_there_is_said(languages):
    with pytest.raises(ModelError):
        names.load(languages)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Dear Ms. Zora Quill,", ["Zora Quill"], id="a greeting with a title"),
        pytest.param("caller: my name is zora quill and", ["zora quill"], id="small letters in a transcript"),
        pytest.param("Zora Quill: hello", ["Zora Quill"], id="a turn"),
        pytest.param('{"reviewer": "zora quill"}', ["zora quill"], id="a field"),
        pytest.param("user=Zora action=left", ["Zora"], id="a log"),
        pytest.param("owner: zora@example.org", [], id="an address in a field"),
        pytest.param("id,name\n1,Zora Quill\n2,42\n3", ["Zora Quill"], id="a column"),
        pytest.param("a,b\n1,Zora", [], id="columns without names"),
        pytest.param("Kind regards,\nZora Q. Quill", ["Zora Q. Quill"], id="a closing with an initial"),
        pytest.param("with Quill Logistics GmbH", [], id="a company"),
        pytest.param("ask Zora van der Quill", ["Zora van der Quill"], id="particles"),
        pytest.param("then Zora Quill said so", ["Zora Quill"], id="somebody who says"),
        pytest.param("she lives in Quillstadt Nord.", ["Quillstadt Nord"], id="a place"),
        pytest.param("at the Quillstadt office", ["Quillstadt"], id="an office"),
    ],
)
def test_cues_know_where_a_name_stands(text, found):
    assert sorted({text[each.start : each.end] for each in name_cues.find(text)}) == found


def test_spans_of_models_are_put_right():
    def cleaned(text, kind=Kind.PERSON):
        return [text[start:end] for start, end in name_spans.cleaned(text, 0, len(text), kind)]

    assert cleaned("Hello Zora\nQuill IBAN") == ["Zora", "Quill"]
    assert cleaned("the 12 of Zora9") == []
    assert cleaned("zora") == []
    text = "Zora de la Quill went; Mira Zora GmbH"
    assert [text[a:b] for a, b in name_spans.cleaned(text, 0, 4, Kind.PERSON)] == ["Zora de la Quill"]
    assert list(name_spans.cleaned(text, 23, 27, Kind.PERSON)) == []
    assert name_spans.is_like_person("Zora Quill")
    assert not name_spans.is_like_person("Zora Holdings")
    assert not name_spans.is_like_person("Zora")
    assert name_spans.recased("ZORA \u0130\u0130\u0130 and Co") == "Zora \u0130\u0130\u0130 and Co"
    two = [Finding(start=0, end=4, kind=Kind.PERSON, score=0.8, lane=Lane.NAMES)]
    two += [Finding(start=5, end=10, kind=Kind.PERSON, score=0.7, lane=Lane.NAMES)]
    assert [(each.start, each.end, each.score) for each in name_spans.joined(two, "Zora Quill")] == [(0, 10, 0.8)]
