"""Signing out, both ways: what is signed counts, and nothing else."""

import zlib
from base64 import b64decode, b64encode
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from auditor_portal.saml.errors import SamlCode, SamlError
from auditor_portal.saml.instants import instant_text
from auditor_portal.saml.logout import LogoutAnswer, LogoutOrder, answer_logout, ask_logout, verify_logout
from auditor_portal.saml.redirect_binding import REQUEST, RESPONSE, redirect_url, verify_redirected
from tests.auditor_portal.saml import forge
from tests.auditor_portal.saml.forge import NAMES, NOW, SAMLP, portal

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
ORDER = (
    "<samlp:NameID xmlns:samlp='urn:oasis:names:tc:SAML:2.0:assertion'>mfa@firm.example</samlp:NameID>"
    "<samlp:SessionIndex>_session-1</samlp:SessionIndex>"
)


def message(kind="LogoutRequest", inner=ORDER, **changed):
    """Return a provider's message; None leaves an attribute out."""
    said = {
        "ID": "_out-1",
        "Version": "2.0",
        "IssueInstant": instant_text(NOW - 5),
        "Destination": portal().slo_url,
    } | changed
    issuer = said.pop("issuer", forge.provider().entity_id)
    attributes = " ".join(f'{name}="{value}"' for name, value in said.items() if value is not None)
    about = f'<saml:Issuer xmlns:saml="{NAMES["saml"]}">{issuer}</saml:Issuer>' if issuer else ""
    return f'<samlp:{kind} xmlns:samlp="{NAMES["samlp"]}" {attributes}>{about}{inner}</samlp:{kind}>'


def answer(*codes, **changed):
    inner = "".join(f'<samlp:StatusCode Value="{code}">' for code in codes) + "</samlp:StatusCode>" * len(codes)
    return message("LogoutResponse", f"<samlp:Status>{inner}</samlp:Status>", **({"InResponseTo": "_ours"} | changed))


def query(text, parameter=REQUEST, relay="theirs", by="provider"):
    """Return the query that the provider sends a browser with."""
    return urlsplit(redirect_url("https://x.example/", parameter, text.encode(), relay, forge.key(by))).query


def verified(sent, by=None):
    return verify_logout(sent, provider=by or forge.provider(), ours=portal(), now=NOW)


def refusal(sent, by=None):
    with pytest.raises(SamlError) as refused:
        verified(sent, by)
    return refused.value.code


def test_an_order_to_log_out_is_read():
    assert verified(query(message())) == LogoutOrder(
        id="_out-1",
        issuer=forge.provider().entity_id,
        name_id="mfa@firm.example",
        session_indexes=("_session-1",),
        relay_state="theirs",
        until=int(NOW) + 355,
    )
    assert verified(query(message(NotOnOrAfter=instant_text(NOW + 10)), relay=None)).until == NOW + 70


def test_an_order_is_answered():
    url = answer_logout(forge.provider(), portal(), verified(query(message())), now=NOW)
    sent = verify_redirected(urlsplit(url).query, (forge.key("ours").certificate_pem,))
    root = etree.fromstring(sent.data)
    assert (root.tag, root.get("InResponseTo"), sent.relay_state) == (f"{SAMLP}LogoutResponse", "_out-1", "theirs")
    assert (root.get("Destination"), sent.parameter) == (forge.provider().slo_url, RESPONSE)


def test_a_request_to_log_out_names_the_session():
    said = {"name_id": "mfa@firm.example", "name_id_format": PERSISTENT, "relay_state": "k", "now": NOW}
    for session, named in (("_s", ["_s"]), (None, [])):
        asked = ask_logout(forge.provider(), portal(), session_index=session, **said)
        sent = verify_redirected(urlsplit(asked.url).query, (forge.key("ours").certificate_pem,))
        root = etree.fromstring(sent.data)
        assert root.get("ID") == asked.id
        assert [each.text for each in root.findall(f"{SAMLP}SessionIndex")] == named


@pytest.mark.parametrize(
    ("codes", "complete"),
    [((SUCCESS,), True), ((SUCCESS, "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"), False), (("urn:no",), False)],
)
def test_an_answer_says_whether_every_session_has_ended(codes, complete):
    found = verified(query(answer(*codes), RESPONSE))
    assert found == LogoutAnswer(in_response_to="_ours", complete=complete, relay_state="theirs")


def test_a_provider_without_a_place_to_log_out_at_is_not_asked():
    order = verified(query(message()))
    with pytest.raises(SamlError, match="no_logout"):
        answer_logout(forge.provider(slo=None), portal(), order, now=NOW)


def test_an_elliptic_key_signs_too():
    private, certificate = forge.curve_key()
    pem = certificate.public_bytes(Encoding.PEM).decode()
    squeezed = zlib.compress(message().encode(), wbits=-15)
    text = f"SAMLRequest={quote(b64encode(squeezed))}&SigAlg={quote('http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256')}"
    pair = decode_dss_signature(private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    signature = b64encode(b"".join(each.to_bytes(32) for each in pair)).decode()
    elliptic = replace(forge.provider(), certificates=(forge.key().certificate_pem, pem))
    assert verified(f"{text}&Signature={quote(signature)}", elliptic).id == "_out-1"
    assert refusal(f"{text}&Signature={quote(signature)}") is SamlCode.BAD_SIGNATURE


def without(name, sent):
    return "&".join(part for part in sent.split("&") if not part.startswith(name + "="))


def swapped(sent, name, value):
    return "&".join(f"{name}={value}" if part.startswith(name + "=") else part for part in sent.split("&"))


def bomb():
    squeezed = zlib.compress(b" " * 2_000_000, 9, wbits=-15)
    return signed_query(squeezed)


def signed_query(data):
    """Return a query whose signature holds, over whatever `data` is."""
    algorithm = quote("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", safe="")
    text = f"SAMLRequest={quote(b64encode(data), safe='')}&SigAlg={algorithm}"
    signature = forge.key().private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}&Signature={quote(b64encode(signature), safe='')}"


SENT = query(message())
REFUSED = {
    "it is not signed": (without("Signature", SENT), "unsigned"),
    "it says not how it is signed": (without("SigAlg", SENT), "unsigned"),
    "there is no message": (without("SAMLRequest", SENT), "wrong_message"),
    "there is nothing": ("", "wrong_message"),
    "there are two messages": (SENT + "&SAMLResponse=x", "wrong_message"),
    "a parameter stands twice": (SENT + "&SAMLRequest=x", "wrong_message"),
    "it is much too long": ("a=" + "a" * 70_000, "too_large"),
    "a stranger signed it": (query(message(), by="stranger"), "bad_signature"),
    "its relay state was changed": (swapped(SENT, "RelayState", "ours"), "bad_signature"),
    "its relay state was taken out": (without("RelayState", SENT), "bad_signature"),
    "its message was changed": (swapped(SENT, "SAMLRequest", quote(b64encode(b"x"))), "bad_signature"),
    "its signature is no base64": (swapped(SENT, "Signature", "%2A"), "not_base64"),
    "it is signed by SHA-1": (
        swapped(SENT, "SigAlg", quote("http://www.w3.org/2000/09/xmldsig#rsa-sha1", safe="")),
        "weak_algorithm",
    ),
    "it is signed by an algorithm nobody knows": (
        swapped(SENT, "SigAlg", quote("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", safe="")),
        "weak_algorithm",
    ),
    "it says to be signed by an elliptic key": (
        swapped(SENT, "SigAlg", quote("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", safe="")),
        "bad_signature",
    ),
    "it grows when it is inflated": (bomb(), "too_large"),
    "it is not deflated": (signed_query(message().encode()), "not_xml"),
    "something comes after it": (signed_query(zlib.compress(message().encode(), wbits=-15) + b"x"), "not_xml"),
    "it ends too early": (signed_query(zlib.compress(message().encode(), wbits=-15)[:-9]), "not_xml"),
    "it has a document type": (query("<!DOCTYPE a>" + message()), "doctype"),
    "it is a response": (query(message("Response")), "wrong_message"),
    "an order comes as an answer": (query(message(), RESPONSE), "wrong_message"),
    "an answer comes as an order": (query(answer(SUCCESS)), "wrong_message"),
    "it is by another issuer": (query(message(issuer="https://other.example")), "wrong_issuer"),
    "it is by nobody": (query(message(issuer="")), "incomplete"),
    "it was to be brought elsewhere": (query(message(Destination=portal("elm").slo_url)), "wrong_destination"),
    "it may be brought anywhere": (query(message(Destination=None)), "incomplete"),
    "it is old": (query(message(IssueInstant=instant_text(NOW - 360))), "expired"),
    "it is over": (query(message(NotOnOrAfter=instant_text(NOW - 60))), "expired"),
    "it is of the future": (query(message(IssueInstant=instant_text(NOW + 60))), "not_yet_valid"),
    "it is of no time": (query(message(IssueInstant="now")), "incomplete"),
    "it is about nobody": (query(message(inner="")), "incomplete"),
    "it is about somebody without a name": (query(message(inner=ORDER.replace("mfa@firm.example", " "))), "incomplete"),
    "it is about two people": (query(message(inner=ORDER + ORDER)), "incomplete"),
    "it names many sessions": (
        query(message(inner=ORDER + "<samlp:SessionIndex>s</samlp:SessionIndex>" * 64)),
        "incomplete",
    ),
    "it names a session at length": (
        query(message(inner=ORDER + f"<samlp:SessionIndex>{'s' * 1_025}</samlp:SessionIndex>")),
        "incomplete",
    ),
    "it has no id": (query(message(ID=None)), "incomplete"),
    "an answer answers nothing": (query(answer(SUCCESS, InResponseTo=None), RESPONSE), "incomplete"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name):
    sent, code = REFUSED[name]
    assert refusal(sent) == code


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_query_is_refused_with_a_code(sent):
    assert refusal(sent)


@settings(deadline=None)
@given(st.integers(0, len(SENT) - 1), st.characters(codec="ascii"))
def test_no_change_of_a_query_is_another_message(at, piece):
    try:
        found = verified(SENT[:at] + piece + SENT[at + 1 :])
    except SamlError:
        return
    assert found == verified(SENT)
    assert b64decode(unquote(SENT.partition("Signature=")[2]))
