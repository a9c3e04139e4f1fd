"""Whatever a text was, it comes back from its tokens to the character."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.privacy.detection.finding import Finding, Kind, Lane
from app.privacy.redaction.errors import RedactionError
from app.privacy.redaction.operators import Operator, Plan
from app.privacy.redaction.redacting import MOST_FINDINGS, named_in, redact, restore
from app.privacy.redaction.tokens import Token, assembled, restored, tokens_in

ROUNDS = 20_000
HOSTILE = (
    *("\0#1", "\0\0"),
    *("<", ">", "=", "_", "<=", "<==", "EMAIL", "_1", "1>", "0>", "\\", "\\u003c", "&lt;", "\0", "\n", "\r\n", ""),
    *("<EMAIL_1>", "<=EMAIL_1>", "<==EMAIL_2>", "<EMAIL_1", "EMAIL_1>", "<CARD_9>", "<EMAIL_01>", "<EMAIL_1_2>"),
    *("alice@example.com", "4111 1111 1111 1111", "<<EMAIL_1>>", "<EMAIL_<EMAIL_1>>", "<EMAIL_999999999>"),
    *("\xe9", "e\u0301", "\U0001f469\u200d\U0001f467", "\U0001d518", "\ud800", "\udfff", "\u202e", "\ufb01", "\u0130"),
    *("\uff11", "\uff1cEMAIL\uff3f1\uff1e", "\u093c", "\ufdfd", "\ufeff"),
)


class Numbers:
    """Numbers tokens as a subject's scope does."""

    def __init__(self):
        self.tokens = {}

    def __call__(self, wanted):
        for kind, value in wanted:
            count = sum(one == kind for one, _ in self.tokens)
            self.tokens.setdefault((kind, value), Token(kind, count + 1))
        return self.tokens

    def value(self, token):
        return {made: value for (_, value), made in self.tokens.items()}.get(token)


def finding(start, end, kind=Kind.EMAIL, score=0.5, path="", **more):
    return Finding(start=start, end=end, kind=kind, score=score, lane=Lane.PATTERNS, path=path, **more)


def hostile(dice):
    return "".join(dice.choice(HOSTILE) for _ in range(dice.randrange(12)))


def scattered(dice, length):
    """Return findings that overlap, touch and lie in each other as it comes."""
    for _ in range(dice.randrange(5) if length else 0):
        start = dice.randrange(length)
        kind = dice.choice((Kind.EMAIL, Kind.CARD, Kind.PERSON, "OWN_1"))
        yield finding(start, dice.randrange(start, length) + 1, kind, dice.random())


def test_twenty_thousand_hostile_texts_come_back_exactly():
    dice, numbers = random.Random(9), Numbers()  # so that it is the same each time
    for round_ in range(ROUNDS):
        if round_ % 500 == 0:
            numbers = Numbers()
        text = hostile(dice)
        made = redact(text, scattered(dice, len(text)), Plan(), numbers)
        assert restore(made, numbers.value) == text


texts = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=4)).map("".join)


@settings(max_examples=200, deadline=None)
@given(text=texts, data=st.data())
def test_any_text_with_any_findings_comes_back(text, data):
    place = st.integers(0, max(0, len(text) - 1))
    pairs = data.draw(st.lists(st.tuples(place, place), max_size=4)) if text else []
    findings = [finding(min(pair), max(pair) + 1) for pair in pairs]
    numbers = Numbers()
    made = redact(text, findings, Plan(), numbers)
    assert restore(made, numbers.value) == text
    assert named_in(made) == set(numbers.tokens.values())


def test_a_document_comes_back_with_its_form():
    document = {"a/b": ["alice", {"~": "<EMAIL_1>"}], "n": 1.5, "none": None, "yes": True, "": "bob <=EMAIL_1>"}
    findings = [finding(0, 5, path="/a~1b/0"), finding(0, 3, path="/")]
    numbers = Numbers()
    made = redact(document, findings, Plan(), numbers)
    assert made == document | {"a/b": ["<EMAIL_1>", {"~": "<=EMAIL_1>"}], "": "<EMAIL_2> <==EMAIL_1>"}
    assert restore(made, numbers.value) == document


def test_names_of_members_and_numbers_come_back():
    document = {"bob": {"eve": 4111.5}, "<EMAIL_1>": 7, "ssn": [123456789, "123456789", True], "dob": 19870312}
    findings = [
        finding(0, 3, path="/bob", in_name=True),
        finding(0, 3, path="/bob/eve", in_name=True),
        finding(0, 4, Kind.CARD, path="/bob/eve"),
        finding(0, 9, Kind.SSN, path="/ssn/0"),
        finding(0, 9, Kind.SSN, path="/ssn/1"),
    ]
    numbers = Numbers()
    made = redact(document, findings, Plan(), numbers)
    assert made == {
        "<EMAIL_1>": {"<EMAIL_2>": "<CARD_1>"},
        "<=EMAIL_1>": 7,
        "ssn": ["<SSN_1>", "<SSN_2>", True],
        "dob": 19870312,
    }
    assert restore(made, numbers.value) == document
    assert restore("from <SSN_1>", numbers.value) == "from 123456789"


def test_a_text_that_looks_like_a_kept_number_comes_back():
    numbers, document = Numbers(), ["\0#12", "\0", "x"]
    findings = [finding(0, len(each), path=f"/{number}") for number, each in enumerate(document)]
    assert restore(redact(document, findings, Plan(), numbers), numbers.value) == document


def test_a_number_that_is_no_token_is_a_text_or_stays():
    findings = [finding(0, 8, Kind.BIRTH_DATE, path="/0"), finding(0, 1, Kind.CARD, path="/1")]
    plan = Plan(operators={"BIRTH_DATE": Operator.MASK, "CARD": Operator.KEEP})
    assert redact([19870312, 7], findings, plan, Numbers()) == ["****", 7]


def test_in_a_name_only_tokens_stand():
    plan = Plan(operators={"EMAIL": Operator.DROP})
    findings = [finding(0, 3, path="/bob", in_name=True), finding(0, 3, path="/eve", in_name=True)]
    assert redact({"bob": 1, "eve": 2}, findings, plan, Numbers()) == {"<EMAIL_1>": 1, "<EMAIL_2>": 2}


def test_the_same_value_gets_the_same_token_and_another_kind_another():
    findings = [finding(0, 3), finding(4, 7), finding(8, 11, Kind.PERSON), finding(12, 15)]
    made = redact("bob bob bob eve", findings, Plan(), Numbers())
    assert made == "<EMAIL_1> <EMAIL_1> <PERSON_1> <EMAIL_2>"


def test_findings_that_overlap_leave_nothing_readable():
    findings = [finding(0, 6, Kind.PERSON, 0.4), finding(3, 9, Kind.EMAIL, 0.9), finding(4, 5, Kind.CARD, 0.1)]
    assert redact("abcdefghi!", findings, Plan(), Numbers()) == "<EMAIL_1>!"


def test_what_is_kept_hides_nothing_across_it():
    plan = Plan(operators={"PERSON": Operator.KEEP})
    findings = [finding(0, 9, Kind.PERSON, 1.0), finding(3, 5)]
    assert redact("abcdefghi", findings, plan, Numbers()) == "abc<EMAIL_1>fghi"


def test_what_is_dropped_lets_no_token_come_about():
    plan = Plan(operators={"CARD": Operator.DROP})
    numbers = Numbers()
    made = redact("<EMAIL_xx1> bob", [finding(7, 9, Kind.CARD), finding(12, 15)], plan, numbers)
    assert made == "<=EMAIL_1> <EMAIL_1>"
    assert restore(made, numbers.value) == "<EMAIL_1> bob"


def test_a_token_that_stands_for_nothing_known_stays():
    assert restored("<EMAIL_7> <=EMAIL_7>", lambda _: None) == "<EMAIL_7> <EMAIL_7>"


def test_a_value_that_looks_like_a_token_is_not_read_again():
    assert restored("<EMAIL_1>", lambda _: "<CARD_1>") == "<CARD_1>"


@pytest.mark.parametrize("text", ["", "<EMAIL_0>", "<EMAIL_01>", "<=EMAIL_1>", "<email_1>", " <EMAIL_1>", "EMAIL_1"])
def test_what_is_no_token(text):
    with pytest.raises(ValueError, match="no token"):
        Token.parse(text)


def test_a_token_reads_as_it_is_written():
    assert Token.parse("<OWN_KIND_12>") == Token("OWN_KIND", 12)
    assert str(Token("OWN_KIND", 12)) == "<OWN_KIND_12>"
    assert list(tokens_in("<A_1><=B_2><C_3>")) == [Token("A", 1), Token("C", 3)]
    assert assembled(["<A_", "1>", Token("A", 1)]) == "<=A_1><A_1>"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(finding(0, 9), id="beyond the end"),
        pytest.param(finding(-1, 1), id="before the beginning"),
        pytest.param(finding(2, 2), id="of nothing"),
        pytest.param(finding(0, 1, "email"), id="of no kind"),
        pytest.param(finding(0, 1, path="/0"), id="at no text"),
    ],
)
def test_a_finding_that_cannot_be(wrong):
    with pytest.raises(RedactionError):
        redact("abc", [wrong], Plan(), Numbers())


def test_too_many_findings():
    with pytest.raises(RedactionError, match="more than"):
        redact("a", (finding(0, 1) for _ in range(MOST_FINDINGS + 1)), Plan(), Numbers())
