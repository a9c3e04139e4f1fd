"""What a condition holds of, and that nothing but a condition is taken for one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frameworks import condition
from frameworks.condition import MISSING, Condition, Op, holds, holds_all, walk
from frameworks.errors import ControlError

ROW = {
    "a": {"n": 3, "yes": True, "none": None, "text": "x", "list": ["p", "q", 1], "empty": [], "time": "2026-02-01T"},
    "b": {"text": "x", "n": 4},
    "many": [{"id": "g1", "of": ["u", "v"]}, {"id": "g2", "of": ["w"]}, {"other": 1}, 5],
}

CASES = [
    ("the same text", "a.text", {"equals": "x"}, True),
    ("another text", "a.text", {"equals": "y"}, False),
    ("true is not one", "a.yes", {"equals": 1}, False),
    ("true is true", "a.yes", {"equals": True}, True),
    ("null is null", "a.none", {"equals": None}, True),
    ("what is missing equals nothing", "a.gone", {"equals": None}, False),
    ("below a text nothing stands", "a.text.more", {"equals": "x"}, False),
    ("below a number nothing stands", "a.n.more", {"exists": False}, True),
    ("it differs", "a.text", {"differs": "y"}, True),
    ("it does not differ", "a.text", {"differs": "x"}, False),
    ("what is missing does not differ", "a.gone", {"differs": "y"}, False),
    ("one of several", "a.n", {"in": [1, 3]}, True),
    ("none of several", "a.n", {"in": [1, "3"]}, False),
    ("missing among several", "a.gone", {"in": [1]}, False),
    ("a list has it", "a.list", {"has": "p"}, True),
    ("a list has not", "a.list", {"has": "r"}, False),
    ("a list has no true where it has one", "a.list", {"has": True}, False),
    ("a text is no list", "a.text", {"has": "x"}, False),
    ("what is missing has nothing", "a.gone", {"has": "x"}, False),
    ("a list lacks it", "a.list", {"lacks": "r"}, True),
    ("a list lacks a number", "a.list", {"lacks": 2}, True),
    ("a list does not lack it", "a.list", {"lacks": "q"}, False),
    ("a list does not lack a number", "a.list", {"lacks": 1}, False),
    ("what is missing lacks everything", "a.gone", {"lacks": "q"}, True),
    ("a text lacks nothing", "a.text", {"lacks": "q"}, False),
    ("it exists", "a.none", {"exists": True}, True),
    ("it does not exist", "a.gone", {"exists": False}, True),
    ("at most", "a.n", {"at_most": 3}, True),
    ("more than at most", "a.n", {"at_most": 2}, False),
    ("at least", "a.n", {"at_least": 3}, True),
    ("less than at least", "a.n", {"at_least": 4}, False),
    ("a flag is no number", "a.yes", {"at_most": 3}, False),
    ("a text is no number", "a.text", {"at_most": 3}, False),
    ("times order as they read", "a.time", {"at_most": "2026-03"}, True),
    ("missing is no number", "a.gone", {"at_least": -5}, False),
    ("the same as another", "a.text", {"same_as": "b.text"}, True),
    ("not the same as another", "a.n", {"same_as": "b.n"}, False),
    ("two that are missing are not the same", "a.gone", {"same_as": "b.gone"}, False),
    ("other than another", "a.n", {"other_than": "b.n"}, True),
    ("not other than another", "a.text", {"other_than": "b.text"}, False),
    ("other than what is missing", "a.text", {"other_than": "b.gone"}, False),
    ("an empty list", "a.empty", {"empty": True}, True),
    ("null is empty", "a.none", {"empty": True}, True),
    ("missing is empty", "a.gone", {"empty": True}, True),
    ("a number is not empty", "a.n", {"empty": False}, True),
    ("missing is not there and not empty", "a.gone", {"empty": False}, False),
    ("of each entry of a list", "many.id", {"has": "g2"}, True),
    ("of each list in a list", "many.of", {"has": "w"}, True),
    ("of no entry of a list", "many.gone", {"exists": True}, True),
    ("of no entry of a list it is an empty one", "many.gone", {"empty": True}, True),
]


@pytest.mark.parametrize(("path", "said", "held"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_condition_holds_of_what_it_says(path, said, held):
    parsed = condition.parse("here", {"path": path, **said})
    assert holds(parsed)(ROW) is held
    assert holds_all([parsed])(ROW) is held
    assert holds_all([parsed, Condition(path="a.text", op=Op.EQUALS, value="x")])(ROW) is held


def test_many_that_a_list_must_lack_are_asked_at_once():
    lacking = [Condition(path="a.list", op=Op.LACKS, value=each) for each in ("r", "s")]
    assert holds_all(lacking)(ROW)
    assert not holds_all([*lacking, Condition(path="a.list", op=Op.LACKS, value="q")])(ROW)


REFUSED = [
    ("no object", [], "an object is wanted"),
    ("no path", {"equals": 1}, "`path` is a line of text"),
    ("a path with a blank", {"path": "a b", "equals": 1}, "`path` has not its form"),
    ("no operator", {"path": "a"}, "one operator is wanted"),
    ("two operators", {"path": "a", "equals": 1, "has": 1}, "one operator is wanted"),
    ("an unknown operator", {"path": "a", "like": 1}, "no member `like`"),
    ("a fraction", {"path": "a", "equals": 1.5}, "`equals` wants text"),
    ("an object as value", {"path": "a", "has": {}}, "`has` wants text"),
    ("a long text", {"path": "a", "equals": "x" * 401}, "`equals` wants text"),
    ("no list", {"path": "a", "in": "x"}, "`in` is a list"),
    ("an empty list", {"path": "a", "in": []}, "`in` is a list"),
    ("too long a list", {"path": "a", "in": [1] * 201}, "`in` is a list"),
    ("no flag", {"path": "a", "exists": 1}, "`exists` is `true` or `false`"),
    ("a flag as bound", {"path": "a", "at_most": True}, "`at_most` is a whole number"),
    ("no path to compare with", {"path": "a", "same_as": "b..c"}, "`same_as` has not its form"),
]


@pytest.mark.parametrize(("said", "why"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_no_condition_is_refused(said, why):
    with pytest.raises(ControlError) as refused:
        condition.parse("file: `c`: `c/t`: check: each[0]", said)
    assert str(refused.value).startswith("file: `c`: `c/t`: check: each[0]: ")
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"path": "a", "at_most": 3}, "a at most 3"),
        ({"path": "a", "in": [True, None]}, "a in true, null"),
        ({"path": "a.b", "other_than": "c"}, "a.b other than c"),
        ({"path": "a", "exists": False}, "a exists false"),
    ],
    ids=["a bound", "several", "a path", "a flag"],
)
def test_a_condition_reads_as_a_line(said, text):
    assert condition.parse("here", said).text == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "path", *Op]), inner),
    max_leaves=8,
)


@settings(max_examples=50)
@given(JSON, JSON)
def test_anything_is_a_condition_or_refused_and_may_be_asked_of_anything(said, row):
    try:
        parsed = condition.parse("here", said)
    except ControlError:
        return
    assert holds(parsed)(row if isinstance(row, dict) else {"a": row}) in {True, False}


@settings(max_examples=50)
@given(JSON, st.sampled_from(["a", "a.b", "a.a.b", "b.a"]))
def test_a_path_leads_to_the_same_whatever_is_on_the_way(row, path):
    """Where no list is on the way, it is what a plain walk finds."""

    def plain(value, names):
        for name in names:
            if isinstance(value, list):
                return None
            if not isinstance(value, dict) or name not in value:
                return MISSING
            value = value[name]
        return value

    expected = plain(row, path.split("."))
    if expected is not None:
        found = walk(path)(row)
        assert found is expected or found == expected
