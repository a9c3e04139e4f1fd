"""Responses that must not be believed, each with the code it is refused with. Plain words name what is wrong."""

import copy
import re

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from tests.auditor_portal.saml.forge import (
    DS,
    NAMES,
    NOW,
    SAML,
    SAMLP,
    WeakSigner,
    assertion,
    brought,
    curve_key,
    encrypted,
    good,
    key,
    portal,
    response,
    signed,
)

EVIL = "ceo@firm.example"
ATTACKS = {}
"""Name to a function that makes the form's field, and the code."""


def attack(name, code):
    def kept(make):
        ATTACKS[name] = (make, code)
        return make

    return kept


def parts():
    """Return a good response, its signed assertion, and a forged one without a signature."""
    root = etree.fromstring(good())
    honest = root.find(f"{SAML}Assertion")
    evil = copy.deepcopy(honest)
    evil.set("ID", "_evil")
    evil.remove(evil.find(f"{DS}Signature"))
    evil.find(f".//{SAML}NameID").text = EVIL
    return root, honest, evil


def wrapped(name, code="wrong_structure"):
    """Register a signature wrapping: the function moves things about."""

    def kept(move):
        def make():
            return brought(move(*parts()))

        ATTACKS[name] = (make, code)
        return move

    return kept


def changed(name, code, before, after):
    """Register a change of the bytes of a good response."""

    def make():
        text = good()
        found = re.sub(before, after, text, count=1)
        assert found != text, name
        return brought(found)

    ATTACKS[name] = (make, code)


@wrapped("the signature is left out", "unsigned")
def _(root, honest, _evil):
    honest.remove(honest.find(f"{DS}Signature"))
    return root


@wrapped("the name is changed", "bad_signature")
def _(root, honest, _evil):
    honest.find(f".//{SAML}NameID").text = EVIL
    return root


@wrapped("a forged assertion stands before the signed one")
def _(root, honest, evil):
    root.insert(root.index(honest), evil)
    return root


@wrapped("a forged assertion stands after the signed one")
def _(root, _honest, evil):
    root.append(evil)
    return root


@wrapped("the signed assertion stands inside a forged one")
def _(root, honest, evil):
    root.replace(honest, evil)
    evil.append(honest)
    return root


@wrapped("the signed assertion stands inside the signature of a forged one")
def _(root, honest, evil):
    signature = honest.find(f"{DS}Signature")
    root.replace(honest, evil)
    evil.insert(1, signature)
    signature.append(honest)
    return root


@wrapped("a forged assertion stands in the extensions")
def _(root, _honest, evil):
    place = etree.Element(f"{SAMLP}Extensions")
    place.append(evil)
    root.insert(1, place)
    return root


@wrapped("the signed assertion stands in an object of the signature of a forged one")
def _(root, honest, evil):
    signature = honest.find(f"{DS}Signature")
    root.replace(honest, evil)
    evil.insert(1, signature)
    etree.SubElement(signature, f"{DS}Object").append(honest)
    return root


@wrapped("a forged assertion has the id of the signed one and stands before it")
def _(root, honest, evil):
    evil.set("ID", honest.get("ID"))
    root.insert(root.index(honest), evil)
    return root


@wrapped("a forged assertion has the id of the signed one and stands after it")
def _(root, honest, evil):
    evil.set("ID", honest.get("ID"))
    root.append(evil)
    return root


@wrapped("the signed assertion stands in the status of a response with a forged one")
def _(root, honest, evil):
    root.replace(honest, evil)
    evil.insert(1, copy.deepcopy(honest.find(f"{DS}Signature")))
    etree.SubElement(root.find(f"{SAMLP}Status"), f"{SAMLP}StatusDetail").append(honest)
    return root


@wrapped("the status has the id of the signed assertion under another name")
def _(root, honest, _evil):
    root.find(f"{SAMLP}Status").set("Id", honest.get("ID"))
    return root


@wrapped("the status has the id of the signed assertion in another name space")
def _(root, honest, _evil):
    root.find(f"{SAMLP}Status").set("{urn:x}Id", honest.get("ID"))
    return root


@wrapped("the advice of a signed assertion is nobody's business, and a forged assertion in it neither")
def _(root, honest, evil):
    etree.SubElement(honest, f"{SAML}Advice").append(evil)
    return root


@wrapped("the signature of the assertion is that of its response")
def _(root, honest, _evil):
    root.insert(1, honest.find(f"{DS}Signature"))
    return root


@wrapped("there are two signatures of one assertion")
def _(root, honest, _evil):
    honest.insert(2, copy.deepcopy(honest.find(f"{DS}Signature")))
    return root


@wrapped("there is no assertion")
def _(root, honest, _evil):
    root.remove(honest)
    return root


changed("a comment parts the name", "comment", rb"mfa@firm\.example</", rb"mfa@firm.example<!-- -->.evil</")
changed("a comment stands in the name, and leaves it as it was", "comment", rb"mfa@firm", rb"mfa@f<!---->irm")
changed("an instruction stands in the name", "comment", rb"mfa@firm", rb"mfa@f<?x y?>irm")
changed("part of the name is character data", "comment", rb"mfa@firm", rb"<![CDATA[mfa]]>@firm")
changed("a comment stands in the digest", "comment", rb"(DigestValue>)(.{10})", rb"\1<!--AAAA-->\2")
changed("an element stands in the digest", "wrong_structure", rb"(DigestValue>)", rb"\1<a/>")
changed("a document type has an entity", "doctype", rb"^", rb'<!DOCTYPE r [<!ENTITY e "ceo">]>')
changed("a document type is elsewhere", "doctype", rb"^", rb'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/r.dtd">')
changed("an entity is used that nobody declared", "not_xml", rb"mfa@firm", rb"&e;@firm")
changed("the audience is another", "bad_signature", rb"/metadata</", rb"/metadatb</")
changed("the destination is another", "wrong_destination", rb'Destination="https://portal', rb'Destination="https://p')
changed("the recipient is changed", "bad_signature", rb'Recipient="https://portal', rb'Recipient="https://p')
changed("the digest is another", "bad_signature", rb"DigestValue>.", rb"DigestValue>+")
changed("the signature is another", "bad_signature", rb"SignatureValue>..", rb"SignatureValue>++")
changed("the signature is no base64", "bad_signature", rb"SignatureValue>..", rb"SignatureValue>**")
changed("the issuer of the response is another", "wrong_issuer", rb"idp\.firm", rb"idp.evil")
changed("the version is another", "wrong_message", rb'Version="2.0"', rb'Version="1.1"')
changed("the response has no id", "wrong_structure", rb' ID="_response-1"', b"")
changed(
    "the response is another message", "wrong_message", rb"(?s)samlp:Response(.*)samlp:Response>", rb"samlp:R\1samlp:R>"
)
changed("a response stands in the response", "wrong_message", rb"</samlp:Status>", rb"</samlp:Status><samlp:Response/>")
changed("an attribute stands twice", "not_xml", rb'Version="2.0"', rb'Version="2.0" Version="2.0"')
changed("it ends too early", "not_xml", rb"</samlp:Response>", b"")
changed("another encoding is named", "not_xml", rb"^", b'<?xml version="1.0" encoding="UTF-7"?>')
changed("it begins with an instruction", "comment", rb"^", b"<?xml-stylesheet href='x'?>")
changed("the reference is to the whole document", "wrong_structure", rb'URI="#_assertion-1"', b'URI=""')
changed("the reference is to a file", "wrong_structure", rb'URI="#_assertion-1"', b'URI="file:///etc/passwd"')
changed("the reference is by XPointer", "wrong_structure", rb'URI="#_', rb'URI="#xpointer(/)_')
changed(
    "a style sheet transforms what is signed",
    "weak_algorithm",
    rb"http://www\.w3\.org/2000/09/xmldsig#enveloped-signature",
    rb"http://www.w3.org/TR/1999/REC-xslt-19991116",
)
changed(
    "a third transform picks what is signed",
    "weak_algorithm",
    rb"</ds:Transforms>",
    rb'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/></ds:Transforms>',
)
changed("there are two references", "wrong_structure", rb"(?s)(<ds:Reference.*</ds:Reference>)", rb"\1\1")
changed(
    "the key is to be fetched",
    "wrong_structure",
    rb"(?s)<ds:KeyInfo>.*</ds:KeyInfo>",
    rb'<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:1/key"/></ds:KeyInfo>',
)
changed("there is an encrypted name", "wrong_structure", rb"</saml:Subject>", rb"<saml:EncryptedID/></saml:Subject>")


@attack("the provider signs a name with a comment in it", "comment")
def _():
    inner = assertion()
    name = inner.find(f".//{SAML}NameID")
    name.text, tail = "mfa@firm.example", etree.Comment("")
    tail.tail = ".evil.example"
    name.append(tail)
    return brought(response(signed(inner)))


@attack("it is no base64", "not_base64")
def _():
    return brought(good())[:-8] + "*&$#%^=="


@attack("it is base64 of another alphabet", "not_base64")
def _():
    return brought(good() + b"\xff\xff\xff").replace("/", "_").replace("+", "-")


@attack("it is nothing", "not_xml")
def _():
    return ""


@attack("it is not Unicode", "not_xml")
def _():
    return brought(good().decode().encode("utf-16"))


@attack("it has a zero byte", "not_xml")
def _():
    return brought(good() + b"\0")


@attack("it is larger than 256 KiB", "too_large")
def _():
    return brought(good() + b" " * 262_144)


@attack("its base64 is larger than that can be", "too_large")
def _():
    return brought(good()) + " " * 400_000


@attack("it is nested a thousand levels deep", "not_xml")
def _():
    return brought(good().replace(b"</samlp:Status>", b"<a>" * 1_000 + b"</a>" * 1_000 + b"</samlp:Status>"))


def unbelievable(name, code, **said):
    """Register an assertion that the provider signs, and that says something else than it has to."""
    ATTACKS[name] = (lambda: brought(response(signed(assertion(**said)))), code)


unbelievable("it is long over", "expired", since=NOW - 900, until=NOW - 300, confirmed_until=NOW - 300)
unbelievable("it is over by the skew of clocks", "expired", until=NOW - 60)
unbelievable("its confirmation is over", "expired", confirmed_until=NOW - 61)
unbelievable("the provider's session is over", "expired", session_ends=NOW - 61)
unbelievable("it begins in a while", "not_yet_valid", since=NOW + 61)
unbelievable("it was issued in the future", "not_yet_valid", issued=NOW + 60)
unbelievable("the person signs in tomorrow", "not_yet_valid", signed_in=NOW + 86_400)
unbelievable("it holds for two days", "incomplete", until=NOW + 172_800, confirmed_until=NOW + 172_800)
unbelievable("it never ends", "incomplete", until=None)
unbelievable("its confirmation never ends", "incomplete", confirmed_until=None)
unbelievable("its time is in no zone", "incomplete", until="2026-11-22T15:00:00")
unbelievable("its time is no time", "incomplete", until="2026-13-41T25:00:00Z")
unbelievable("it is for another audience", "wrong_audience", audiences=[["https://other.example"]])
unbelievable("it is for two audiences that must both be us", "wrong_audience", audiences=[[portal().entity_id], ["x"]])
unbelievable("it is for another firm's portal", "wrong_audience", audiences=[[portal("elm").entity_id]])
unbelievable("it is for anybody", "incomplete", audiences=[])
unbelievable("it was to be brought elsewhere", "wrong_destination", recipient=portal("elm").acs_url)
unbelievable(
    "it was to be brought to an address that ours begins", "wrong_destination", recipient=portal().acs_url + "/"
)
unbelievable("it may be brought anywhere", "incomplete", recipient=None)
unbelievable("it answers another request", "unsolicited", in_response_to="_request-2")
unbelievable("it answers no request", "incomplete", in_response_to=None)
unbelievable("it is by another issuer", "wrong_issuer", issuer="https://idp.evil.example")
unbelievable("it names nobody", "incomplete", person="")
unbelievable("it names somebody at length", "incomplete", person="x" * 201)
unbelievable("it says not how they signed in", "incomplete", authn_class="")
unbelievable("it says not when they signed in", "incomplete", signed_in=None)
unbelievable("an attribute of it has no name", "incomplete", attributes={"": ["x"]})
unbelievable("it is for who holds a key", "incomplete", method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")


@attack("the provider signs an assertion about two people", "incomplete")
def _():
    inner = assertion()
    inner.find(f"{SAML}Subject").insert(0, copy.deepcopy(inner.find(f".//{SAML}NameID")))
    return brought(response(signed(inner)))


@attack("the provider signs a name with an element in it", "incomplete")
def _():
    inner = assertion()
    etree.SubElement(inner.find(f".//{SAML}NameID"), "b").text = "ceo"
    return brought(response(signed(inner)))


@attack("the provider signs that they signed in twice", "incomplete")
def _():
    inner = assertion()
    inner.append(copy.deepcopy(inner.find(f"{SAML}AuthnStatement")))
    return brought(response(signed(inner)))


@attack("the response answers no request", "unsolicited")
def _():
    return brought(response(signed(assertion()), in_response_to=None))


@attack("the response answers another request than the assertion", "unsolicited")
def _():
    return brought(response(signed(assertion()), in_response_to="_request-2"))


@attack("the provider says that it cannot show a second factor", "no_such_class")
def _():
    status = ("urn:oasis:names:tc:SAML:2.0:status:Responder", "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext")
    return brought(response(None, status=status))


@attack("the provider says no, and asserts something all the same", "declined")
def _():
    return brought(response(signed(assertion()), status=("urn:oasis:names:tc:SAML:2.0:status:Responder",)))


@attack("it succeeded, except that it did not", "declined")
def _():
    words = ("urn:oasis:names:tc:SAML:2.0:status:Success", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
    return brought(response(signed(assertion()), status=words))


@attack("it has no status", "wrong_structure")
def _():
    root = response(signed(assertion()))
    root.remove(root.find(f"{SAMLP}Status"))
    return brought(root)


@attack("it is signed with SHA-1", "weak_algorithm")
def _():
    return brought(response(signed(assertion(), algorithm="rsa-sha1")))


@attack("its digest is SHA-1", "weak_algorithm")
def _():
    return brought(response(signed(assertion(), digest="sha1")))


@attack("its digest is SHA-224", "weak_algorithm")
def _():
    return brought(response(signed(assertion(), digest="sha224")))


@attack("the certificate of the provider is used as a secret that is shared", "weak_algorithm")
def _():
    inner = assertion(person=EVIL)
    inner.insert(1, etree.Element(f"{DS}Signature", Id="placeholder"))
    secret = key().certificate.public_bytes(Encoding.PEM)
    signer = WeakSigner(signature_algorithm="hmac-sha256", c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    return brought(response(signer.sign(inner, key=secret, reference_uri="_assertion-1")))


@attack("a stranger signed it, and encloses their certificate", "bad_signature")
def _():
    return brought(response(signed(assertion(person=EVIL), by="stranger")))


@attack("a stranger signed it, and encloses the provider's certificate", "bad_signature")
def _():
    return brought(response(signed(assertion(person=EVIL), by="stranger", certificate=key().certificate_pem)))


@attack("the provider of another firm signed it in this one's name", "bad_signature")
def _():
    return brought(response(signed(assertion(person=EVIL), by="elm-provider")))


@attack("the provider of another firm signed it in its own name", "wrong_issuer")
def _():
    issuer = "https://idp.elm.example"
    inner = assertion(person=EVIL, issuer=issuer)
    return brought(response(signed(inner, by="elm-provider"), issuer=issuer))


@attack("we signed it ourselves", "bad_signature")
def _():
    return brought(response(signed(assertion(person=EVIL), by="ours")))


@attack("an elliptic key signed it, which is not the provider's", "bad_signature")
def _():
    private, certificate = curve_key()
    pem = certificate.public_bytes(Encoding.PEM).decode()
    return brought(response(signed(assertion(), algorithm="ecdsa-sha256", private=private, certificate=pem)))


@attack("the response is signed and its assertion is not", "unsigned")
def _():
    return brought(signed(response(assertion())))


@attack("the assertion is signed and the response by a stranger", "bad_signature")
def _():
    return brought(signed(response(signed(assertion())), by="stranger"))


@attack("the response was signed and then changed", "bad_signature")
def _():
    root = signed(response(signed(assertion())))
    root.set("IssueInstant", "2026-11-22T13:00:00Z")
    return brought(root)


@attack("the response was signed, and stands in one that was not", "wrong_message")
def _():
    inner = signed(response(signed(assertion())))
    outer = response(signed(assertion(person=EVIL), by="stranger"), id="_outer")
    etree.SubElement(outer.find(f"{SAMLP}Status"), f"{SAMLP}StatusDetail").append(inner)
    return brought(outer)


@attack("a forged assertion is encrypted for us, and not signed", "unsigned")
def _():
    return brought(response(encrypted(assertion(person=EVIL))))


@attack("a forged assertion is encrypted for us beside a signed one", "wrong_structure")
def _():
    root = response(signed(assertion()))
    root.append(encrypted(assertion(person=EVIL, id="_evil")))
    return brought(root)


@attack("a signed assertion is encrypted inside a forged one", "wrong_message")
def _():
    evil = assertion(person=EVIL, id="_evil")
    evil.append(signed(assertion()))
    return brought(response(encrypted(evil)))


@attack("what is encrypted has a document type", "doctype")
def _():
    return brought(response(encrypted(b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>')))


@attack("what is encrypted is no assertion", "wrong_message")
def _():
    return brought(response(encrypted(b"<a/>")))


@attack("it is encrypted for somebody else", "undecipherable")
def _():
    return brought(response(encrypted(signed(assertion()), to="stranger")))


@attack("it is encrypted by CBC", "undecipherable")
def _():
    return brought(response(encrypted(signed(assertion()), cipher="http://www.w3.org/2001/04/xmlenc#aes256-cbc")))


@attack("its key is wrapped as of old", "undecipherable")
def _():
    text = etree.tostring(response(encrypted(signed(assertion()))))
    return brought(text.replace(b"rsa-oaep-mgf1p", b"rsa-1_5"))


@attack("its ciphertext was changed", "undecipherable")
def _():
    text = etree.tostring(response(encrypted(signed(assertion()))))
    at = text.rindex(b"</xenc:CipherValue>") - 40
    return brought(text[:at] + (b"A" if text[at : at + 1] != b"A" else b"B") + text[at + 1 :])


@attack("its ciphertext is elsewhere", "wrong_structure")
def _():
    text = etree.tostring(response(encrypted(signed(assertion()))))
    return brought(
        re.sub(rb"(<xenc:CipherData>)", rb'\1<xenc:CipherReference URI="http://127.0.0.1:1/"/>', text, count=1)
    )


@attack("its ciphertext is missing", "undecipherable")
def _():
    text = etree.tostring(response(encrypted(signed(assertion()))))
    return brought(
        re.sub(rb"<xenc:CipherValue>[^<]*</xenc:CipherValue>(?=</xenc:CipherData></xenc:EncryptedData>)", b"", text)
    )


@attack("it has two encrypted keys", "undecipherable")
def _():
    text = etree.tostring(response(encrypted(signed(assertion()))))
    return brought(re.sub(rb"(?s)(<xenc:EncryptedKey>.*</xenc:EncryptedKey>)", rb"\1\1", text))


@attack("its key is too short for its cipher", "undecipherable")
def _():
    text = etree.tostring(response(encrypted(signed(assertion()))))
    return brought(text.replace(b"aes256-gcm", b"aes128-gcm"))


@attack("its encrypted data is elsewhere", "wrong_structure")
def _():
    root = response(signed(assertion()))
    etree.SubElement(root.find(f"{SAMLP}Status"), f"{{{NAMES['xenc']}}}EncryptedData")
    return brought(root)
