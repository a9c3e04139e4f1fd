"""What a source must look like before the engine parses it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pdp.errors import BundleError
from app.pdp.prescan import MAX_NAMES, MAX_NESTING, MAX_OPERATORS, verify_source

OPERATORS = "more than 16 operators in one expression; name a part of it as a rule"
NESTED = "nested deeper than 12; name the inner part as a rule"
NAMES = "a reference of more than 24 names; name a part of it as a rule"

GOOD = {
    "nothing": "",
    "as deep as may be": "x := " + "[" * MAX_NESTING + "]" * MAX_NESTING,
    "as many operators as may be": "x := 1" + " + 1" * (MAX_OPERATORS - 1),
    "as many operators as may be, on lines of their own": "x := 1" + " +\n\t1" * (MAX_OPERATORS - 1),
    "as many again in brackets": "x := (1" + " + 1" * MAX_OPERATORS + ")" + " + 1" * (MAX_OPERATORS - 1),
    "as many names as may be": "x := a" + ".b" * (MAX_NAMES - 1),
    "many rules": "x := 1\n" * 100,
    "many conditions": "x if {\n" + "\tinput.a[0] == 1\n" * 100 + "}\n",
    "many conditions on one line": "x if { " + "1 == 1; " * 100 + "true }",
    "many members": "x := {\n" + '\t"a": 1 + 1 + 1,\n' * 100 + "}\n",
    "many searches": "x if {\n" + "\tsome a in b\n" * 100 + "}\n",
    "many calls": "x := [" + "f(1)[0].a, " * 60 + "]",
    "brackets in texts": 'x := "[[[[[[[[[[[[[[[[\\"[[[[[[" + `"[[[[[[[[[[[[[[[[[\n[[[[` # [[[[[[[[[[[[[[[[[[',
    "operators in texts": 'x := "' + "+" * 100 + '" # ' + "+" * 100,
    "a closing bracket too many": "x := 1 ]]]]" + " + 1" * (MAX_OPERATORS - 1),
    "a text that does not end": 'x := "abc\ny := 1\n',
    "names that only begin like an operator": "x := inner\n" * 20,
}


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD)
def test_may_be_parsed(source):
    verify_source("a.rego", source)


BAD = {
    "too deep": ("x := " + "[" * 13, f"1:18: {NESTED}"),
    "too deep, with every kind of bracket": ("f({[" * 5, f"1:18: {NESTED}"),
    "too deep after closing brackets": ("x := ]]]]]]\n" + "(" * 13, f"2:13: {NESTED}"),
    "too deep after a text": ('x := "\\"" + `"` +\n' + "[" * 13, f"2:13: {NESTED}"),
    "too deep after a comment": ("# ]]]]]]]\n" + "[" * 13, f"2:13: {NESTED}"),
    "too deep in a text that does not end": ('x := "\n' + "[" * 13, f"2:13: {NESTED}"),
    "too many sums": ("x := 1" + " + 1" * 16, f"1:68: {OPERATORS}"),
    "too many unions": ("x := {1}" + " | {1}" * 16, f"1:100: {OPERATORS}"),
    "too many memberships": ("x if 1" + " in [1]" * 17, f"1:120: {OPERATORS}"),
    "too many comparisons": ("x if 1" + " == 1" * 17, f"1:88: {OPERATORS}"),
    "too many signs": ("x := " + "-" * 16, f"1:21: {OPERATORS}"),
    "too many indexes": ("x := a" + "[0]" * 17, f"1:55: {OPERATORS}"),
    "too many names after an index": ("x := a[0]" + ".b[0]" * 17, f"1:85: {OPERATORS}"),
    "lines that begin with an operator": ("x := 1" + "\n+ 1" * 16, f"17:1: {OPERATORS}"),
    "lines that end with an operator": ("x := 1" + " +\n1" * 16, f"16:3: {OPERATORS}"),
    "lines that end in brackets": ("x := f(1\n)" + " + f(1\n)" * 16, f"17:3: {OPERATORS}"),
    "comments between the lines": ("x := 1" + " + # more\n1" * 16, f"16:3: {OPERATORS}"),
    "empty lines between the lines": ("x := 1" + " +\n\n1" * 16, f"31:3: {OPERATORS}"),
    "too many names": ("x := a" + ".b" * 24, f"1:6: {NAMES}"),
    "a line too long": ("#" * 1001, "1:1000: longer than 1000 bytes"),
    "too many lines": ("\n" * 5_000, "1:1: more than 262144 bytes or 5000 lines; split the module"),
    "too many bytes": ("# é\n" * 4_999 + "x" * 262_144, "1:1: more than 262144 bytes or 5000 lines; split the module"),
    "a carriage return": ("x := 1\r\n", "1:1: a character that does not print"),
    "a character that turns the text round": ("x := 1\n# \u202e", "2:1: a character that does not print"),
}


@pytest.mark.parametrize(("source", "said"), BAD.values(), ids=BAD)
def test_must_not_be_parsed(source, said):
    with pytest.raises(BundleError) as refused:
        verify_source("a.rego", source)
    assert str(refused.value).startswith(f"a.rego:{said}")


@given(st.text(alphabet='ab1 \n\t"`\\#()[]{}.,;+-|=:in$é', max_size=400))
def test_no_text_makes_another_error(source):
    with suppress(BundleError):
        verify_source("a.rego", source)
