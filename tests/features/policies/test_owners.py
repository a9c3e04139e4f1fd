"""OWNERS.yaml: who has to approve which path."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.features.policies.changes.owners import (
    MAX_BYTES,
    Demand,
    Given,
    Requirements,
    matches,
    missing,
    parse_owners,
    satisfied,
)
from app.features.policies.errors import OwnersError

GENERAL = """owners:
  - paths: ["**"]
    roles: [compliance_officer, security_officer]
    quorum: 2
    distinct_roles: 2
"""
MARKET = """  - paths: ["policies/rego/marketplace/**", "policies/cases/marketplace.yaml"]
    roles: [policy_admin]
    quorum: 1
    distinct_roles: 1
"""
PEOPLE = "people:\n  - [sub-1, alice@example.org, Alice@old.example.org]\n  - [sub-2]\n"
TWO = Demand(paths=("**",), roles=("compliance_officer", "security_officer"), quorum=2, distinct_roles=2)


def owners(text=GENERAL + MARKET + PEOPLE):
    return parse_owners(text.encode())


@pytest.mark.parametrize(
    ("glob", "path", "hit"),
    [
        ("**", "policies/rego/a/b.rego", True),
        ("**", "README.md", True),
        ("policies/**", "policies/a", True),
        ("policies/**", "policies", False),
        ("policies/**", "other/policies/a", False),
        ("policies/**/b.rego", "policies/b.rego", True),
        ("policies/**/b.rego", "policies/x/y/b.rego", True),
        ("policies/*.json", "policies/a.json", True),
        ("policies/*.json", "policies/a/b.json", False),
        ("policies/?.json", "policies/a.json", True),
        ("policies/?.json", "policies/ab.json", False),
        ("policies/a.json", "policies/aXjson", False),
        ("policies/*", "policies/line\nbreak", True),
    ],
)
def test_globs(glob, path, hit):
    assert matches(glob, path) is hit


def test_the_last_entry_that_matches_counts():
    needed = owners().needed(["policies/rego/marketplace/publish.rego"])
    assert [each.roles for each in needed.demands] == [("policy_admin",)]
    needed = owners().needed(["policies/rego/marketplace/publish.rego", "policies/rego/lib/gates.rego"])
    assert {each.quorum for each in needed.demands} == {1, 2}
    assert needed.roles == ("compliance_officer", "policy_admin", "security_officer")


def test_a_path_that_nobody_owns_is_named_and_never_satisfied():
    text = GENERAL.replace('"**"', '"policies/**"') + PEOPLE
    needed = owners(text).needed(["README.md", "policies/a"])
    assert needed.unowned == ("README.md",)
    assert not satisfied(
        needed, [Given(person="a", role="compliance_officer"), Given(person="b", role="security_officer")]
    )


def test_a_change_of_nothing_is_never_satisfied():
    assert owners().needed([]) == Requirements()
    assert not satisfied(Requirements(), [])


def test_people_are_found_by_any_name_whatever_its_capitals():
    found = owners()
    assert found.person("ALICE@example.org") == ("sub-1", "alice@example.org", "Alice@old.example.org")
    assert found.person("sub-2") == ("sub-2",)
    assert found.person("mallory") is None


APPROVALS = {
    "two persons in two roles": ([("a", "compliance_officer"), ("b", "security_officer")], True),
    "nobody": ([], False),
    "one person": ([("a", "compliance_officer")], False),
    "two persons in one role": ([("a", "compliance_officer"), ("b", "compliance_officer")], False),
    "one person in two roles": ([("a", "compliance_officer"), ("a", "security_officer")], False),
    "one person in other capitals": ([("a", "compliance_officer"), ("A", "security_officer")], False),
    "a role that was not asked for": ([("a", "compliance_officer"), ("b", "ciso")], False),
    "others do no harm": ([("c", "ciso"), ("a", "compliance_officer"), ("b", "security_officer")], True),
}


@pytest.mark.parametrize(("given_", "enough"), APPROVALS.values(), ids=APPROVALS)
def test_what_is_enough(given_, enough):
    approvals = [Given(person=person, role=role) for person, role in given_]
    assert satisfied(Requirements(demands=(TWO,)), approvals) is enough


def test_what_is_missing_is_said():
    [lacking] = missing(Requirements(demands=(TWO,)), [Given(person="a", role="security_officer")])
    assert (lacking.demand, lacking.persons, lacking.roles) == (TWO, 1, 1)


@given(st.lists(st.tuples(st.sampled_from("abAB"), st.sampled_from(["compliance_officer", "security_officer", "x"]))))
def test_one_more_approval_of_another_person_never_takes_anything_away(given_):
    approvals = [Given(person=person, role=role) for person, role in given_]
    needed = Requirements(demands=(TWO,))
    if satisfied(needed, approvals):
        assert satisfied(needed, [*approvals, Given(person="c", role="x")])
        assert len({each.person.casefold() for each in approvals}) >= 2


REFUSED = {
    "no YAML": "owners: [",
    "a list": "- a",
    "people left out": GENERAL,
    "another member": GENERAL + PEOPLE + "more: []\n",
    "no entries": "owners: []\npeople: []\n",
    "an entry that is a text": "owners: [a]\npeople: []\n",
    "an entry lacks something": GENERAL.replace("    quorum: 2\n", "") + PEOPLE,
    "paths are a text": GENERAL.replace('["**"]', "all") + PEOPLE,
    "a path with a dot-dot": GENERAL.replace("**", "../a") + PEOPLE,
    "a path from the root": GENERAL.replace("**", "/a") + PEOPLE,
    "two stars within a name": GENERAL.replace("**", "a**b") + PEOPLE,
    "a path with a space": GENERAL.replace("**", "a b") + PEOPLE,
    "one glob twice": GENERAL.replace('["**"]', '["**", "**"]') + PEOPLE,
    "a role in capitals": GENERAL.replace("compliance", "Compliance") + PEOPLE,
    "no roles": GENERAL.replace("[compliance_officer, security_officer]", "[]") + PEOPLE,
    "a quorum of nobody": GENERAL.replace("quorum: 2", "quorum: 0") + PEOPLE,
    "a quorum that is a text": GENERAL.replace("quorum: 2", 'quorum: "2"') + PEOPLE,
    "a quorum that is true": GENERAL.replace("quorum: 2", "quorum: true") + PEOPLE,
    "more roles than persons": GENERAL.replace("quorum: 2", "quorum: 1") + PEOPLE,
    "more roles than there are": GENERAL.replace("[compliance_officer, security_officer]", "[compliance_officer]")
    + PEOPLE,
    "the file itself is nobody's": GENERAL.replace("**", "policies/rego/**") + PEOPLE,
    "the file itself is left to one": GENERAL
    + MARKET.replace("policies/rego/marketplace/**", "policies/OWNERS.yaml")
    + PEOPLE,
    "the signers are left to one": GENERAL
    + MARKET.replace("policies/rego/marketplace/**", "policies/allowed_*")
    + PEOPLE,
    "two persons of one role for the signers": GENERAL
    + MARKET.replace("policies/rego/marketplace/**", "policies/allowed_*").replace("quorum: 1", "quorum: 2")
    + PEOPLE,
    "a name of two persons": GENERAL + "people:\n  - [a]\n  - [b, A]\n",
    "a person without a name": GENERAL + "people:\n  - []\n",
    "a name with a space": GENERAL + 'people:\n  - ["a b"]\n',
    "a name that is a number": GENERAL + "people:\n  - [1]\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_owners_file(text):
    with pytest.raises(OwnersError) as refused:
        parse_owners(text.encode())
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("policies/OWNERS.yaml")


def test_what_is_too_large_or_no_text():
    for data in (b"#" * (MAX_BYTES + 1), b"\xff"):
        with pytest.raises(OwnersError):
            parse_owners(data)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (GENERAL + text).encode(errors="replace")))
def test_the_parser_never_leaks_another_error(data):
    with suppress(OwnersError):
        parse_owners(data)
