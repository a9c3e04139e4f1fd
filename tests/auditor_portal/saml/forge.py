"""An identity provider in this process: it signs whatever a test wants to be signed, and encrypts it too."""

import base64
import os
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

from app.audits.identity_provider import IdentityProvider
from auditor_portal.saml.instants import instant_text
from auditor_portal.saml.keys import SamlKeys, new_key
from auditor_portal.saml.service_provider import ServiceProvider

NOW = 1_795_356_000.0  # as in tests.features.serving
NAMES = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
}
SAML, SAMLP, DS = (f"{{{NAMES[name]}}}" for name in ("saml", "samlp", "ds"))
PERSON = "mfa@firm.example"
REFEDS = "https://refeds.org/profile/mfa"
REQUEST = "_request-1"


def key(name="provider"):
    """Return a key and its certificate, one for each name."""
    return _key(name)


@cache
def _key(name):
    return new_key(name, NOW - 86_400, make=lambda: rsa.generate_private_key(65_537, 2_048))


@cache
def curve_key():
    """Return an elliptic key and its certificate."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = key("subject-of-curve").certificate.subject
    since = key().certificate.not_valid_before_utc
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).serial_number(7)
    builder = builder.public_key(private.public_key()).not_valid_before(since)
    return private, builder.not_valid_after(since.replace(year=since.year + 5)).sign(private, hashes.SHA256())


def provider(*names, entity_id="https://idp.firm.example/saml", slo="https://idp.firm.example/slo"):
    """Return the provider whose keys are those."""
    return IdentityProvider(
        entity_id=entity_id,
        sso_url="https://idp.firm.example/sso?tenant=1",
        slo_url=slo,
        certificates=tuple(key(name).certificate_pem for name in names or ("provider",)),
    )


def portal(firm="oak"):
    """Return the portal as that firm's provider knows it."""
    return ServiceProvider(
        portal="https://portal.example", firm=firm, keys=SamlKeys(current=key("ours"), others=(key("ours-before"),))
    )


def assertion(**changed):
    """Return an unsigned assertion that holds; each argument changes one thing, and None leaves one out."""
    ours = changed.pop("ours", portal())
    said = {
        "id": "_assertion-1",
        "issuer": provider().entity_id,
        "issued": NOW - 5,
        "person": PERSON,
        "format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "method": "urn:oasis:names:tc:SAML:2.0:cm:bearer",
        "in_response_to": REQUEST,
        "recipient": ours.acs_url,
        "confirmed_until": NOW + 300,
        "since": NOW - 5,
        "until": NOW + 300,
        "audiences": [[ours.entity_id]],
        "signed_in": NOW - 30,
        "session": "_session-1",
        "session_ends": NOW + 3_600,
        "authn_class": REFEDS,
        "attributes": {"mail": ["mfa@firm.example"], "groups": ["staff", "audit"]},
    } | changed
    root = etree.Element(f"{SAML}Assertion", nsmap={"saml": NAMES["saml"]}, Version="2.0")
    _set(root, ID=said["id"], IssueInstant=said["issued"])
    _add(root, "Issuer", said["issuer"])
    subject = _add(root, "Subject")
    _set(_add(subject, "NameID", said["person"]), Format=said["format"])
    data = _add(_set(_add(subject, "SubjectConfirmation"), Method=said["method"]), "SubjectConfirmationData")
    _set(data, InResponseTo=said["in_response_to"], Recipient=said["recipient"], NotOnOrAfter=said["confirmed_until"])
    conditions = _set(_add(root, "Conditions"), NotBefore=said["since"], NotOnOrAfter=said["until"])
    for restriction in said["audiences"]:
        named = _add(conditions, "AudienceRestriction")
        for audience in restriction:
            _add(named, "Audience", audience)
    statement = _add(root, "AuthnStatement")
    _set(
        statement,
        AuthnInstant=said["signed_in"],
        SessionIndex=said["session"],
        SessionNotOnOrAfter=said["session_ends"],
    )
    _add(_add(statement, "AuthnContext"), "AuthnContextClassRef", said["authn_class"])
    if said["attributes"]:
        statement = _add(root, "AttributeStatement")
        for name, values in said["attributes"].items():
            attribute = _set(_add(statement, "Attribute"), Name=name)
            for value in values:
                _add(attribute, "AttributeValue", value)
    return root


def _add(parent, name, text=None):
    child = etree.SubElement(parent, f"{SAML}{name}")
    child.text = text
    return child


def _set(element, **attributes):
    for name, value in attributes.items():
        if value is not None:
            element.set(name, value if isinstance(value, str) else instant_text(value))
    return element


class WeakSigner(XMLSigner):
    """Signs by SHA-1, as nobody should."""

    def check_deprecated_methods(self):
        """Let it."""


def signed(  # noqa: PLR0913 - how it is signed
    element, by="provider", *, algorithm="rsa-sha256", digest="sha256", certificate=None, private=None
):
    """Return an element with a signature directly after its Issuer, as the schema has it."""
    place = etree.Element(f"{DS}Signature", nsmap={"ds": NAMES["ds"]}, Id="placeholder")
    element.insert(1, place)
    signer = WeakSigner(
        signature_algorithm=algorithm,
        digest_algorithm=digest,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return signer.sign(
        element,
        key=private or key(by).private,
        cert=certificate or key(by).certificate_pem,
        reference_uri=element.get("ID"),
    )


def response(inner, **changed):
    """Return a response around an assertion, plain or encrypted."""
    ours = changed.pop("ours", portal())
    said = {
        "id": "_response-1",
        "issued": NOW - 5,
        "destination": ours.acs_url,
        "in_response_to": REQUEST,
        "issuer": provider().entity_id,
        "status": ("urn:oasis:names:tc:SAML:2.0:status:Success",),
    } | changed
    root = etree.Element(f"{SAMLP}Response", nsmap={"samlp": NAMES["samlp"], "saml": NAMES["saml"]}, Version="2.0")
    _set(root, ID=said["id"], IssueInstant=said["issued"], Destination=said["destination"])
    _set(root, InResponseTo=said["in_response_to"])
    if said["issuer"]:
        _add(root, "Issuer", said["issuer"])
    code = etree.SubElement(root, f"{SAMLP}Status")
    for value in said["status"]:
        code = etree.SubElement(code, f"{SAMLP}StatusCode", Value=value)
    if inner is not None:
        root.append(inner)
    return root


def encrypted(element, to="ours", cipher="http://www.w3.org/2009/xmlenc11#aes256-gcm"):
    """Return an assertion encrypted for one of our keys, by AES-256-GCM and RSA-OAEP."""
    secret, nonce = os.urandom(32), os.urandom(12)
    plain = element if isinstance(element, bytes) else etree.tostring(element)
    text = nonce + AESGCM(secret).encrypt(nonce, plain, None)
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303 - its default
    wrapped = key(to).private.public_key().encrypt(secret, oaep)
    return etree.fromstring(
        f'<saml:EncryptedAssertion xmlns:saml="{NAMES["saml"]}" xmlns:xenc="{NAMES["xenc"]}" xmlns:ds="{NAMES["ds"]}">'
        f'<xenc:EncryptedData Type="{NAMES["xenc"]}Element"><xenc:EncryptionMethod Algorithm="{cipher}"/>'
        f'<ds:KeyInfo><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{NAMES["xenc"]}rsa-oaep-mgf1p">'
        f'<ds:DigestMethod Algorithm="{NAMES["ds"]}sha1"/></xenc:EncryptionMethod>'
        f"<xenc:CipherData><xenc:CipherValue>{_text(wrapped)}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
        f"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{_text(text)}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedData></saml:EncryptedAssertion>"
    )


def _text(data):
    return base64.b64encode(data).decode()


def brought(root):
    """Return what a browser brings: the form's field."""
    return _text(root if isinstance(root, bytes) else etree.tostring(root))


def good():
    """Return the bytes of a response that holds, whose assertion alone is signed: the hardest case."""
    return etree.tostring(response(signed(assertion())))
