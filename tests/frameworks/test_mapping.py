"""Mappings say how items relate, why and on what ground, and a file that is none is refused by name."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frameworks import mapping
from frameworks.errors import FrameworksError, MappingError
from frameworks.mapping import Relation

SHIPPED = mapping.load()

GOOD = """\
from: soc2
to: hipaa
source: our own comparison
relations:
  - {from: CC6.4, to: 164.310(a)(1), relation: superset, rationale: one asks for more}
"""


def test_what_is_shipped_is_there():
    wanted = {"soc2--iso27001", "hipaa--iso27001", "soc2--hipaa", "gdpr--iso27001", "eu-ai-act--nist-ai-rmf"}

    assert wanted <= SHIPPED.keys()


def test_a_relation_is_seen_from_both_sides():
    one = {"own": mapping.parse("own.yaml", GOOD)}.values()
    [left], [right] = mapping.related(one, "soc2/CC6.4"), mapping.related(one, "hipaa/164.310(a)(1)")

    assert (left.relation, left.other, left.source) == ("superset", "hipaa/164.310(a)(1)", "our own comparison")
    assert (right.relation, right.other) == ("subset", "soc2/CC6.4")
    assert mapping.related(one, "soc2/CC6.1") == []


@pytest.mark.parametrize("relation", Relation)
def test_to_turn_a_relation_twice_changes_nothing(relation):
    assert relation.reverse.reverse is relation


def test_a_relation_may_have_a_source_of_its_own():
    text = GOOD.replace("asks for more}", "asks for more, source: a table of NIST}")

    assert mapping.parse("own.yaml", text).relations[0].source == "a table of NIST"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("from: soc2\n", ""), "own.yaml: `from` is a line of text, at most 400 characters"),
        (("to: hipaa", "to: soc2"), "own.yaml: a framework is not mapped to itself"),
        (("source: our own comparison\n", ""), "own.yaml: `source` is a line of text, at most 400 characters"),
        (("superset", "contains"), "own.yaml: relations[0]: `relation` is one of equal, subset, superset, intersects"),
        ((", rationale: one asks for more", ""), "own.yaml: relations[0]: `rationale` is a line of text"),
        (("from: CC6.4", "of: CC6.4"), "own.yaml: relations[0]: no member `of`"),
        (("relations:\n", "relations: 5\n"), "own.yaml:5:10: mapping values are not allowed in this context"),
        ((GOOD[GOOD.index("relations:") :], "relations: []"), "own.yaml: `relations` is a list of 1 to 2000 entries"),
        (("}\n", "}\n" + GOOD.splitlines()[-1] + "\n"), "own.yaml: `CC6.4` and `164.310(a)(1)` stand twice"),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_what_is_no_mapping_is_refused_by_name(change, why):
    with pytest.raises(MappingError) as refused:
        mapping.parse("own.yaml", GOOD.replace(*change))

    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("own.yaml", ("", ""), "own.yaml: the name of a mapping of these frameworks is `soc2--hipaa.yaml`"),
        ("soc2--hipaa.yaml", ("CC6.4", "CC6.9"), "soc2--hipaa.yaml: `soc2` has no `CC6.9`"),
        ("soc2--other.yaml", ("hipaa", "other"), "soc2--other.yaml: no framework `other`"),
    ],
    ids=["another name", "no such item", "no such framework"],
)
def test_a_mapping_of_what_is_not_there_is_refused(tmp_path, name, change, why):
    (tmp_path / name).write_text(GOOD.replace(*change))

    with pytest.raises(MappingError) as refused:
        mapping.load(tmp_path)

    assert str(refused.value) == why


@given(st.text(max_size=200) | st.text(max_size=20).map(lambda each: GOOD.replace("one asks for more", each)))
def test_a_text_is_a_mapping_or_is_refused(text):
    with suppress(FrameworksError):
        mapping.parse("own.yaml", text)
