"""A manifest is strict, says its secrets by reference, and gives the deployer nothing that it does not declare."""

import contextlib
import json
from copy import deepcopy

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.features.marketplace.inspection.errors import ManifestError
from app.features.marketplace.inspection.manifest import MAX_BYTES, manifest_of, parse_manifest
from tests.features.marketplace.inspection.making import DOCUMENT, manifest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def changed(place, value):
    document = deepcopy(DOCUMENT)
    *outer, last = place
    inner = document
    for each in outer:
        inner = inner[each]
    inner[last] = value
    return json.dumps(document).encode()


def test_a_manifest_is_read():
    read = manifest()
    assert (read.name, read.version, read.hosts) == ("invoice-reader", "1.2.0", ("api.example.com",))
    assert [(each.name, each.reference) for each in read.secrets] == [("OCR_KEY", "vault:ocr/key")]
    assert manifest_of(read.document) == read


def test_the_deployer_is_handed_references_and_a_closed_network():
    assert manifest(capabilities__hosts=["api.example.com:8443"]).runtime("sha256:ab") == {
        "agent": "invoice-reader",
        "version": "1.2.0",
        "artifact": "sha256:ab",
        "entrypoint": "invoice_reader.agent:run",
        "network": {"policy": "strict", "egress": [{"host": "api.example.com", "port": 8443}]},
        "secrets": [{"name": "OCR_KEY", "reference": "vault:ocr/key"}],
        "environment": ["HOME"],
        "tools": ["ocr"],
        "subprocess": False,
        "limits": {"memory_mib": 256},
    }


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("version",), "1.2"),
        (("version",), "01.2.0"),
        (("version",), "1.2.0-"),
        (("name",), "Invoice Reader"),
        (("unknown",), 1),
        (("runtime", "network"), "open"),
        (("capabilities", "hosts"), ["*.example.com"]),
        (("capabilities", "hosts"), ["localhost"]),
        (("capabilities", "hosts"), ["api.example.com:0"]),
        (("capabilities", "hosts"), ["api.example.com:65536"]),
        (("capabilities", "hosts"), ["api.example.com", "api.example.com"]),
        (("capabilities", "secrets"), [{"name": "A", "value": "hunter2"}]),
        (("capabilities", "secrets"), [{"name": "A", "reference": "hunter2"}]),
        (("capabilities", "secrets"), [{"name": "A", "reference": f"vault:{each}"} for each in "ab"]),
        (("data_classes",), ["everything"]),
        (("input",), True),
        (("input",), {"type": "text"}),
        (("input",), {"$ref": "https://example.com/schema"}),
        (("input",), {"$ref": "#/$defs/nothing"}),
        (("input",), {"properties": {"a": {"$id": "x"}}}),
        (("input",), {"$schema": "http://json-schema.org/draft-07/schema#"}),
        (("output",), {"pattern": "("}),
        (("output",), {"properties": {"a": {"$defs": {}}}}),
    ],
)
def test_what_is_not_in_its_form_is_refused(place, value):
    with pytest.raises(ManifestError):
        parse_manifest(changed(place, value))


def test_what_only_looks_like_a_reference_is_a_value():
    schema = {"const": {"$ref": "https://example.com"}, "default": {"$id": "x"}}
    assert parse_manifest(changed(("input",), schema)).input == schema


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[" * 100_000, "too_deep"),
        (b'{"name":"' + b"a" * MAX_BYTES + b'"}', "too_large"),
        (b'{"name":1,"name":2}', "duplicate_name"),
        (b"[]", "not_an_object"),
        (b"{}", "form"),
    ],
)
def test_limits_come_first(data, code):
    with pytest.raises(ManifestError) as refused:
        parse_manifest(data)
    assert refused.value.code == code


def test_an_error_quotes_no_name_that_the_developer_made():
    with pytest.raises(ManifestError) as refused:
        parse_manifest(changed(("capabilities", "hosts"), ["jane.doe@example"]))
    assert "jane" not in str(refused.value)
    assert "capabilities/hosts/0" in str(refused.value)


@given(st.binary())
@example(b"\xff")
def test_bytes_leak_no_other_error(data):
    with pytest.raises(ManifestError):
        parse_manifest(data)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(DOCUMENT)), JSON)
def test_a_member_of_any_value_leaks_no_other_error(name, value):
    try:
        data = changed((name,), value)
    except UnicodeEncodeError:  # pragma: no cover
        return
    with contextlib.suppress(ManifestError):
        assert parse_manifest(data).document[name] == value


@settings(max_examples=40, deadline=None)
@given(JSON)
def test_a_document_from_elsewhere_leaks_no_other_error(value):
    with contextlib.suppress(ManifestError):
        manifest_of(DOCUMENT | {"input": {"default": value}})


@pytest.mark.parametrize(
    ("stated", "declared"),
    [
        ({"gdpr": {"personal_data": False}}, True),
        ({}, False),
        ({"gdpr": {"personal_data": True}}, False),
        ({"gdpr": {"personal_data": True, "role": "none", "purposes": ["billing"], "retention_days": 30}}, False),
        ({"gdpr": {"personal_data": True, "role": "processor", "purposes": ["billing"], "retention_days": 0}}, True),
    ],
)
def test_who_handles_personal_data_says_in_which_role_and_why(stated, declared):
    assert manifest(privacy=stated).gdpr_declared is declared
    assert manifest(privacy=stated).ccpa_declared is False


def test_who_declares_a_class_of_personal_data_does_not_deny_handling_any():
    assert not manifest(data_classes=["personal"]).gdpr_declared


@pytest.mark.parametrize(
    ("sources", "declared"), [([], False), ([dict.fromkeys(("name", "origin", "licence"), "x")], True)]
)
def test_of_a_trained_model_the_sources_are_declared(sources, declared):
    stated = {"trained": True, "sources": [each | {"personal_data": False} for each in sources]}
    assert manifest(training_data=stated).training_declared is declared
