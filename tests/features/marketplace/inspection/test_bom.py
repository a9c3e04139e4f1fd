"""A bill of materials is valid, of this artifact, and complete; or it is told why not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.features.marketplace.inspection.bom import VERSIONS, parse_bom
from app.features.marketplace.inspection.bom_examined import examined_bom
from app.features.marketplace.inspection.contents import contents_of
from app.features.marketplace.inspection.errors import BomError
from tests.features.marketplace.inspection.making import FILES, METADATA, bom, digest, manifest, zipped

ARTIFACT = zipped()


def code(data):
    with pytest.raises(BomError) as refused:
        parse_bom(data)
    return refused.value.code


def held(sent=None, attested=None, artifact=ARTIFACT, lock=None):
    contents = contents_of(artifact, manifest(), lock)
    return examined_bom(sent, attested, digest(artifact), manifest(), contents)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_is_validated_by_its_schema(version):
    read = parse_bom(bom(ARTIFACT, specVersion=version))
    assert {(each.ecosystem, each.name, each.version) for each in read.components} == {
        ("PyPI", "httpx", "0.28.1"),
        ("PyPI", "idna", "3.7"),
    }
    assert read.subject == digest(ARTIFACT)
    assert code(bom(ARTIFACT, specVersion=version, components=[{"name": "x"}])) == "schema"


def test_components_within_components_and_other_ecosystems_are_listed():
    inner = {"type": "library", "name": "left-pad", "purl": "pkg:npm/%40scope/left-pad@1.0.0"}
    outer = {"type": "library", "group": "org", "name": "plain", "version": "2", "components": [inner]}
    read = parse_bom(bom(ARTIFACT, components=[outer, {"type": "library", "name": "bad", "purl": "pkg:"}]))
    assert {(each.ecosystem, each.name, each.version) for each in read.components} == {
        ("npm", "@scope/left-pad", "1.0.0"),
        ("", "org/plain", "2"),
        ("", "bad", ""),
    }


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"specVersion": "1.3"}, "version"),
        ({"specVersion": "1.7"}, "version"),
        ({"specVersion": ["1.6"]}, "version"),
        ({"bomFormat": "SPDX"}, "version"),
        ({"components": {}}, "schema"),
        ({"unknown": 1}, "schema"),
        ({"components": [{"type": "library", "name": "x", "licenses": [{"license": {"id": "No-Such"}}]}]}, "schema"),
    ],
)
def test_what_is_no_bill_is_refused(changed, expected):
    assert code(bom(ARTIFACT, **changed)) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"a":"' + b"x" * (20 << 20) + b'"}', "too_large"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
        (b"[" * 100_000, "too_deep"),
    ],
)
def test_a_bill_that_is_too_large_or_too_deep_is_refused_before_it_is_validated(data, expected, monkeypatch):
    monkeypatch.delattr("app.features.marketplace.inspection.bom._validator")
    assert code(data) == expected


def test_too_many_components_are_refused(monkeypatch):
    monkeypatch.setattr("app.features.marketplace.inspection.bom.MAX_COMPONENTS", 1)
    assert code(bom(ARTIFACT)) == "too_large"


@given(st.binary(max_size=100))
def test_bytes_leak_no_other_error(data):
    assert code(data)


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "type", "components"]), inner),
    max_leaves=4,
)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(["components", "metadata", "dependencies", "serialNumber", "vulnerabilities"]), NESTED)
def test_a_member_of_any_value_leaks_no_other_error(name, value):
    try:
        assert parse_bom(bom(ARTIFACT, **{name: value})).version == "1.6"
    except BomError as error:
        assert error.code  # noqa: PT017 - either is right


def test_a_bill_that_lists_everything_is_complete():
    found = held(bom(ARTIFACT))
    assert found.facts() == {
        "format": "cyclonedx",
        "valid": True,
        "complete": True,
        "generated": False,
        "components": 2,
    }
    assert found.problems == ()


@pytest.mark.parametrize(
    ("components", "said"),
    [([("httpx", "0.28.1")], "idna 3.7"), ([("httpx", "0.28.1"), ("idna", "3.11")], "idna 3.7"), ([], "httpx 0.28.1")],
)
def test_a_bill_that_leaves_something_out_is_not_complete(components, said):
    found = held(bom(ARTIFACT, components))
    assert found.valid
    assert not found.complete
    assert "requirements.txt" in found.problems[0]
    assert said in found.problems[0]
    assert {each.name for each in found.components} == {"httpx", "idna"}  # it is looked up all the same


def test_a_bill_of_another_artifact_is_not_valid():
    other = zipped({"a": b"x"})
    found = held(bom(other))
    assert (found.valid, found.complete) == (False, False)
    assert digest(other) in found.problems[0]
    assert digest(ARTIFACT) in found.problems[0]
    assert not held(attested=bom(other)).valid  # not even where the statement around it is about this one


def test_a_bill_that_names_no_artifact_counts_only_in_a_verified_statement():
    unbound = bom(ARTIFACT, metadata={})
    assert not held(unbound).valid
    assert held(attested=unbound).valid


def test_a_bill_that_was_tampered_with_is_not_valid():
    tampered = json.loads(bom(ARTIFACT))
    tampered["components"][0]["version"] = {"x": 1}
    found = held(json.dumps(tampered).encode())
    assert (found.valid, found.complete) == (False, False)
    assert found.problems[0].startswith("The bill of materials is not valid")
    assert {each.name for each in found.components} == {"httpx", "idna"}


def test_a_bill_is_made_where_none_came():
    found = held()
    assert (found.valid, found.complete, found.generated) == (True, True, True)
    read = parse_bom(json.dumps(found.document).encode())
    assert read.subject == digest(ARTIFACT)
    assert set(read.components) == set(found.components)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"agent.py": b""}, "Neither a bill"),
        ({"a-1.dist-info/METADATA": METADATA + b"Requires-Dist: httpx>=0.2\n"}, "pins httpx"),
        ({"requirements.txt": b"-r other.txt\n"}, "cannot be read"),
    ],
)
def test_a_bill_made_of_files_that_do_not_pin_is_not_complete(files, said):
    found = held(artifact=zipped(files))
    assert (found.valid, found.complete) == (True, False)
    assert said in " ".join(found.problems)


def test_a_bill_that_nothing_can_be_held_against_is_not_complete():
    bare = zipped({"agent.py": b""})
    found = held(bom(bare), artifact=bare)
    assert (found.valid, found.complete) == (True, False)
    assert held(bom(bare), artifact=bare, lock=b"httpx==0.28.1\nidna==3.7\n").complete


def test_a_distribution_that_lies_in_the_artifact_is_listed():
    other = METADATA.replace(b"invoice-reader", b"evil-helper").replace(b"1.2.0", b"6.6")
    artifact = zipped(FILES | {"evil_helper-6.6.dist-info/METADATA": other})
    found = held(bom(artifact), artifact=artifact)
    assert not found.complete
    assert "evil-helper 6.6" in found.problems[0]
