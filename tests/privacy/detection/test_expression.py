import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.privacy.detection import expression, recogniser_file
from app.privacy.detection.errors import ExpressionError


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(a+)+b", id="a repetition without end in another"),
        pytest.param("(a{1,64}){1,64}b", id="a bounded repetition in another"),
        pytest.param("(a|a){1,32}b", id="two readings of each character"),
        pytest.param("(a|ab|b|ba){1,16}c", id="many readings of a text"),
        pytest.param("a{0,99}a{0,99}a{0,99}b", id="one repetition behind another"),
        pytest.param("[a-z]*@", id="no bound"),
        pytest.param("[a-z]{2,}@", id="no upper bound"),
        pytest.param("a{1,2000}", id="too high a bound"),
        pytest.param(r"(a{1,9})\1", id="a reference back"),
        pytest.param("(?P<x>a)(?(x)b|c)", id="a condition"),
        pytest.param("(?:a?){64}b", id="nothing, many times"),
        pytest.param("(?=(a|a){1,32}b)c", id="the same ahead"),
        pytest.param("a{0,9}", id="matches nothing at all"),
        pytest.param("(", id="no expression"),
        pytest.param("a" * 1025, id="long"),
        pytest.param("", id="empty"),
    ],
)
def test_what_may_take_for_ever_is_refused(pattern):
    with pytest.raises(ExpressionError):
        expression.compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param(r"\bE[0-9]{6}\b", "E123456", id="letters and digits"),
        pytest.param("(?>a{1,64}|b)c", "aaac", id="an atomic group"),
        pytest.param("(?:[a-z]{1,63}+-){1,8}+[0-9]", "ab-cd-1", id="possessive repetitions"),
        pytest.param("(?<!x)a(?!b)", "a", id="what stands around"),
        pytest.param("[^a]{1,8}?b", "xxb", id="as few as can be"),
    ],
)
def test_what_is_bounded_is_taken(pattern, text):
    assert expression.compiled(pattern).search(text)
    assert expression.compiled(pattern, ignore_case=True).search(text.upper())


def patterns():
    leaf = st.sampled_from(["a", "b", "[ab]", "(?:ab)", "(?!a)"])
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
            st.tuples(inner, st.integers(0, 2), st.integers(2, 3), st.sampled_from(["", "?", "+"])).map(
                lambda each: f"(?:{each[0]}){{{each[1]},{each[2]}}}{each[3]}"
            ),
        ),
        max_leaves=6,
    )


def backtracked(items, text, place, after):  # noqa: PLR0911 - an arm for each item
    """Match as a backtracking matcher does, count its steps in `after.steps`, and go on in every way there is."""
    if not items:
        return after(place)
    (code, argument), rest = items[0], items[1:]

    def go_on(at):
        return backtracked(rest, text, at, after)

    after.steps[0] += 1
    match str(code):
        case "LITERAL":
            return text[place : place + 1] == chr(argument) and go_on(place + 1)
        case "IN":
            return any(text[place : place + 1] == chr(one) for _, one in argument) and go_on(place + 1)
        case "BRANCH":
            found = [backtracked(list(one), text, place, counted(go_on, after)) for one in argument[1]]
            return any(found)  # after all of them: every reading is tried
        case "SUBPATTERN":
            return backtracked(list(argument[3]), text, place, counted(go_on, after))
        case "ASSERT_NOT":
            return not backtracked(list(argument[1]), text, place, counted(bool, after)) and go_on(place)
        case _:
            least, most, inner = argument
            return repeated(list(inner), least, most, text, place, counted(go_on, after))


def repeated(inner, least, most, text, place, after, done=0):  # noqa: PLR0913, PLR0917 - as a matcher's stack has it
    found = done >= least and after(place)
    if done < most:
        again = counted(lambda at: repeated(inner, least, most, text, at, after, done + 1), after)
        found = backtracked(inner, text, place, again) or found
    return found


def counted(function, after):
    def call(place):
        return function(place)

    call.steps = after.steps
    return call


@settings(max_examples=60, deadline=None)
@given(patterns())
def test_the_count_is_never_below_what_a_matcher_takes(pattern):
    whole = f"(?:{pattern})c"  # fails behind it, so that every reading is tried
    most = expression.steps(whole)
    items = list(expression._parser.parse(whole.replace("}+", "}")))  # one that never gives back takes no more
    for text in map("".join, product("ab", repeat=4)):
        last = counted(lambda _: False, type("Steps", (), {"steps": [0]}))
        backtracked(items, text, 0, last)
        assert last.steps[0] <= most * (4 if "}+" in whole else 1) * 4


def test_the_recognisers_that_come_with_the_service_are_bounded():
    assert all(isinstance(each.expression, re.Pattern) for each in recogniser_file.built_in())
