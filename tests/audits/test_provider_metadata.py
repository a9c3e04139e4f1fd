"""What officers paste of identity providers is read, or refused with one kind of error."""

import base64
import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from app.audits.identity_provider import IdentityProvider, ProviderError, certificate_pem
from app.audits.provider_metadata import parse_metadata
from auditor_portal.saml.keys import new_key
from tests.auditor_portal.saml import forge

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
SSO = (
    '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/>'
    '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{}"/>'
)
SLO = '<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/o"/>'


def der(name="provider"):
    return base64.b64encode(forge.key(name).certificate.public_bytes(Encoding.DER)).decode()


def descriptor(certificate, use=' use="signing"'):
    return (
        f'<KeyDescriptor{use}><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>\n'
        f"{certificate}\n</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
    )


def document(keys=None, **changed):
    said = {
        "sso": "https://idp.example/sso",
        "slo": SLO,
        "name": "https://idp.example",
        "before": "",
        "roles": 1,
    } | changed
    role = (
        f'<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{descriptor(der()) if keys is None else keys}{said['slo']}{SSO.format(said['sso'])}</IDPSSODescriptor>"
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{said["before"]}'
        f'<EntityDescriptor xmlns="{MD}" entityID="{said["name"]}">{role * said["roles"]}</EntityDescriptor>'
    )


def test_a_document_names_the_provider_its_places_and_its_signing_keys():
    keys = descriptor(der(), "") + descriptor(der("next")) + descriptor(der("other"), ' use="encryption"')
    found = parse_metadata(document(keys))
    assert (found.entity_id, found.sso_url) == ("https://idp.example", "https://idp.example/sso")
    assert found.slo_url == "https://idp.example/o"
    assert found.certificates == (forge.key().certificate_pem, forge.key("next").certificate_pem)
    assert IdentityProvider.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_comments_a_mark_of_byte_order_and_a_wrapping_list_do_no_harm():
    inner = re.sub(r"<\?xml.*?\?>", "", document(before="<!-- <!DOCTYPE a> -->"))
    assert parse_metadata("\ufeff  " + document(before="<!-- of ours -->")).slo_url == "https://idp.example/o"
    assert parse_metadata(f'<EntitiesDescriptor xmlns="{MD}">{inner}</EntitiesDescriptor>').entity_id


def test_a_provider_may_have_no_place_to_log_out_at():
    found = parse_metadata(document(slo=""))
    assert found.slo_url is None
    assert IdentityProvider.from_json(found.as_json()) == found


@pytest.mark.parametrize(
    "text",
    {
        "no XML": "entity",
        "nothing": "",
        "another document": "<a/>",
        "a document type": document(before='<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a">'),
        "an entity": document(before='<!DOCTYPE a [<!ENTITY e "x">]>'),
        "a comment without an end": document(before="<!-- a"),
        "an instruction": document(before="<?a b?>"),
        "a lone surrogate": "\ud800",
        "too large": document() + " " * 262_144,
        "two providers": document(roles=2),
        "no provider": document(roles=0),
        "no key": document(""),
        "a key that is none": document(descriptor("AAAA")),
        "only a key for encryption": document(descriptor(der(), ' use="encryption"')),
        "plain http": document(sso="http://idp.example/sso"),
        "a script for a place": document(sso="javascript:alert(1)"),
        "a user in a place": document(sso="https://a:b@idp.example/"),
        "a fragment in a place": document(sso="https://idp.example/#a"),
        "a port that is none": document(sso="https://idp.example:x/"),
        "no host in a place": document(sso="https:///sso"),
        "half an address": document(sso="https://[::1/"),
        "no place to sign in at": document(sso="").replace("HTTP-Redirect", "SOAP"),
        "no name": document(name=""),
        "a name with spaces": document(name="a b"),
        "too many keys": document(descriptor(der()) * 9),
    }.items(),
    ids=lambda each: each[0],
)
def test_is_refused(text):
    with pytest.raises(ProviderError):
        parse_metadata(text[1])


@pytest.mark.parametrize(
    "changed",
    [
        {"more": 1},
        {"certificates": []},
        {"certificates": "x"},
        {"certificates": [1]},
        {"sso_url": None},
        {"slo_url": 1},
    ],
    ids=str,
)
def test_a_row_that_is_not_in_its_form_is_refused(changed):
    with pytest.raises(ProviderError):
        IdentityProvider.from_json(forge.provider().as_json() | changed)


def test_a_row_that_is_no_object_is_refused():
    with pytest.raises(ProviderError):
        IdentityProvider.from_json([])


def test_a_provider_on_this_machine_may_do_without_tls():
    said = forge.provider().as_json() | {"sso_url": "http://127.0.0.1:8801/sso"}
    assert IdentityProvider.from_json(said).sso_url == "http://127.0.0.1:8801/sso"


def test_a_weak_key_is_refused_and_an_elliptic_one_is_not():
    weak = new_key("weak", forge.NOW, make=lambda: rsa.generate_private_key(65_537, 1_024))  # noqa: S505 - it is to be refused
    with pytest.raises(ProviderError):
        certificate_pem(weak.certificate_pem)
    pem = forge.curve_key()[1].public_bytes(Encoding.PEM).decode()
    assert certificate_pem(f"bag attributes\n{pem}") == pem


@given(st.one_of(st.text(max_size=200), st.text("<>/!-[]?xml ", max_size=60)))
def test_any_text_is_refused_with_one_error(text):
    with pytest.raises(ProviderError):
        parse_metadata(text)
