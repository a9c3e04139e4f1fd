"""What a browser brings becomes an assertion, or a refusal with a code: nothing else, whatever it is."""

import base64
import os
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from auditor_portal.saml import first_verifier, response
from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.response import claimed_request, verify_response
from auditor_portal.saml.second_verifier import verify_second
from tests.auditor_portal.saml import forge
from tests.auditor_portal.saml.attacks import ATTACKS, EVIL
from tests.auditor_portal.saml.forge import NOW, PERSON, REFEDS, REQUEST, SAML, assertion, brought, key, portal, signed

EXAMPLES = 500 * int(os.environ.get("OMEGA_ROUNDS", "1"))


def verified(text, *, by=None, ours=None, now=NOW, request_id=REQUEST):
    return verify_response(text, provider=by or forge.provider(), ours=ours or portal(), request_id=request_id, now=now)


def refusal(text, **told):
    with pytest.raises(SamlError) as refused:
        verified(text, **told)
    return refused.value.code


@pytest.mark.parametrize("name", ATTACKS)
def test_is_refused(name):
    make, code = ATTACKS[name]
    assert refusal(make()) == code


@pytest.mark.parametrize("name", ATTACKS)
def test_neither_verifier_alone_lets_somebody_else_in(name):
    """Without the look at the shape: what the verifiers take by themselves is what the provider signed."""
    text = ATTACKS[name][0]()
    told = {"provider": forge.provider(), "ours": portal(), "now": NOW}
    try:
        data = base64.b64decode(text)
        first = first_verifier.verify_first(data, key=key("ours"), request_id=REQUEST, **told)
    except (ValueError, SamlError):
        first = None
    assert first is None or first.name_id != EVIL
    try:
        root = etree.fromstring(base64.b64decode(text))
        second = verify_second(root, root, forge.provider(), NOW)
    except (ValueError, SamlError, etree.XMLSyntaxError):
        second = b""
    assert EVIL.encode() not in second


def test_a_response_is_read_as_it_was_signed():
    found = verified(brought(forge.good()))
    assert (found.id, found.name_id, found.issuer) == ("_assertion-1", PERSON, forge.provider().entity_id)
    assert (found.authn_class, found.authn_instant, found.session_index) == (REFEDS, int(NOW) - 30, "_session-1")
    assert (found.session_ends, found.not_on_or_after, found.not_before) == (NOW + 3_600, NOW + 300, NOW - 5)
    assert (found.audiences, found.recipient) == ((portal().entity_id,), portal().acs_url)
    assert found.values("groups") == ("staff", "audit")
    assert found.values("none") == ()
    assert PERSON not in repr(found)


@pytest.mark.parametrize("key_name", ["ours", "ours-before"])
def test_an_encrypted_assertion_is_deciphered_with_each_key_that_is_published(key_name):
    assert verified(brought(forge.response(forge.encrypted(signed(assertion()), to=key_name)))).name_id == PERSON


@pytest.mark.parametrize("method", ["rsa-sha256", "rsa-sha384", "rsa-sha512"])
def test_a_response_may_be_signed_as_well_as_its_assertion(method):
    inner = signed(assertion(), algorithm=method, digest="sha512")
    assert verified(brought(signed(forge.response(inner)))).name_id == PERSON


def test_an_encrypted_assertion_in_a_signed_response_is_read():
    root = signed(forge.response(forge.encrypted(signed(assertion()))))
    assert verified(brought(root)).name_id == PERSON


def test_while_a_provider_changes_its_key_either_signs():
    both = forge.provider("provider", "provider-next")
    for name in ("provider", "provider-next"):
        assert verified(brought(forge.response(signed(assertion(), by=name))), by=both).name_id == PERSON


def test_a_provider_may_have_an_elliptic_key():
    private, certificate = forge.curve_key()
    pem = certificate.public_bytes(Encoding.PEM).decode()
    root = forge.response(signed(assertion(), algorithm="ecdsa-sha256", private=private, certificate=pem))
    assert verified(brought(root), by=replace(forge.provider(), certificates=(pem,))).name_id == PERSON


def test_a_certificate_that_is_over_signs_nothing():
    later = NOW + 11 * 365 * 86_400
    times = {"issued": later, "since": later, "until": later + 60, "confirmed_until": later + 60, "signed_in": later}
    root = forge.response(signed(assertion(**times, session_ends=None)), issued=later)
    assert refusal(brought(root), now=later) is SamlCode.BAD_SIGNATURE


def test_what_providers_leave_out_is_not_asked_for():
    inner = assertion(session=None, session_ends=None, since=None, attributes={})
    found = verified(brought(forge.response(signed(inner), destination=None, issuer=None)))
    assert (found.session_index, found.session_ends, found.attributes) == (None, None, ())


def test_a_provider_may_break_its_base64_into_lines():
    text = base64.encodebytes(forge.good()).decode().replace("\n", "\r\n")
    assert verified(text).name_id == PERSON


def test_an_attribute_named_twice_has_the_values_of_both_and_nothing_of_elements():
    inner = assertion()
    statement = inner.find(f"{SAML}AttributeStatement")
    statement.append(etree.fromstring(etree.tostring(statement[1])))
    value = etree.SubElement(statement[0], f"{SAML}AttributeValue")
    etree.SubElement(value, f"{SAML}NameID").text = EVIL
    found = verified(brought(forge.response(signed(inner))))
    assert found.values("groups") == ("staff", "audit", "staff", "audit")
    assert found.values("mail") == (PERSON,)


def test_clocks_may_differ_by_less_than_a_minute():
    assert verified(brought(forge.good()), now=NOW - 64).name_id == PERSON
    late = assertion(until=NOW - 59, confirmed_until=NOW + 300)
    assert verified(brought(forge.response(signed(late)))).name_id == PERSON


def test_what_two_verifiers_read_differently_is_refused(monkeypatch):
    honest = response.verify_first
    monkeypatch.setattr(response, "verify_first", lambda *args, **told: replace(honest(*args, **told), name_id=EVIL))
    assert refusal(brought(forge.good())) is SamlCode.DISAGREEMENT


def test_what_the_first_verifier_will_not_have_is_refused():
    inner = assertion()
    inner.append(inner.find(f"{SAML}Subject"))  # where the schema has none
    assert refusal(brought(forge.response(signed(inner)))) is SamlCode.REFUSED


def test_a_surprise_of_a_library_is_a_refusal(monkeypatch):
    def surprised(*_):
        raise RecursionError

    monkeypatch.setattr(first_verifier, "OneLogin_Saml2_Settings", surprised)
    assert refusal(brought(forge.good())) is SamlCode.REFUSED


def test_both_parsers_are_built_on_one_libxml2():
    import xmlsec  # noqa: PLC0415 - that it can be imported beside lxml is what is tested

    assert xmlsec.get_libxml_version() == xmlsec.get_libxml_compiled_version() == etree.LIBXML_VERSION


def test_the_request_that_is_answered_can_be_looked_up_before_anything_is_verified():
    assert claimed_request(brought(forge.good())) == REQUEST
    assert claimed_request(brought(forge.response(None, in_response_to=None))) is None
    with pytest.raises(SamlError, match="not_xml"):
        claimed_request("AAAA")


def test_every_code_is_explained():
    said = (Path(__file__).parents[3] / "docs" / "portal.md").read_text()
    assert [code for code in SamlCode if f"`{code}`" not in said] == []


@st.composite
def mutations(draw):
    """Return a good response with a few of its bytes changed, moved or doubled, or its elements."""
    data = SOURCES[draw(st.integers(0, len(SOURCES) - 1))]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 1, 2, 8, 64, 512])))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4), st.just(data[start:end])))
        place = draw(st.one_of(st.just(start), st.integers(0, len(data))))
        kept = data[:start] + data[end:] if draw(st.booleans()) else data
        data = kept[:place] + piece + kept[place:]
    return data


@st.composite
def movements(draw):
    """Return a good response whose elements were taken out, doubled, put elsewhere, or said to be somebody else."""
    root = etree.fromstring(SOURCES[draw(st.integers(0, len(SOURCES) - 1))])
    for _ in range(draw(st.integers(1, 4))):
        elements = list(root.iter())
        taken, place = (elements[draw(st.integers(0, len(elements) - 1))] for _ in range(2))
        match draw(st.sampled_from(["double", "move", "remove", "rename", "evil", "id"])):
            case "double":
                place.insert(draw(st.integers(0, len(place))), etree.fromstring(etree.tostring(taken)))
            case "move" if taken is not root and taken not in place.iterancestors() and taken is not place:
                place.insert(draw(st.integers(0, len(place))), taken)
            case "remove" if taken is not root:
                taken.getparent().remove(taken)
            case "rename":
                taken.tag = place.tag
            case "evil":
                taken.text = EVIL
            case "id":
                taken.set(draw(st.sampled_from(["ID", "Id", "id"])), place.get("ID") or "_assertion-1")
            case _:
                pass
    return etree.tostring(root)


PIECES = [
    b"<!---->",
    b"<?a b?>",
    b"<![CDATA[x]]>",
    EVIL.encode(),
    b"ID='_assertion-1'",
    b"&#0;",
    b"&#x6D;",
    b"\xc3\x28",
]
SOURCES = [
    forge.good(),
    etree.tostring(signed(forge.response(signed(assertion())))),
    etree.tostring(forge.response(forge.encrypted(signed(assertion())))),
]
HONEST = verified(brought(SOURCES[0]))


def holds_no_forgery(data):
    """Whatever became of a response, it says what the provider signed, or nothing."""
    try:
        found = verified(brought(data))
    except SamlError:
        return
    assert found == HONEST


@pytest.mark.slow
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutations())
def test_no_change_of_bytes_makes_somebody_else(data):
    holds_no_forgery(data)


@pytest.mark.slow
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(movements())
def test_no_movement_of_elements_makes_somebody_else(data):
    holds_no_forgery(data)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_text_of_any_kind_is_refused(text):
    with pytest.raises(SamlError):
        verified(text)
