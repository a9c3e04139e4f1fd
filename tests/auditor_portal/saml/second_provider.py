"""A second identity provider, in this process: pysaml2 over Debian's xmlsec1, whose code is nobody else's here.

Where there is no xmlsec1, tests that need it are skipped, and say so; in CI they fail. `make .venv/xmlsec1` finds it.
"""

import base64
import os
import shutil
import time
import warnings
from urllib.parse import parse_qs, urlsplit

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports ciphers that nobody should use
    from saml2 import BINDING_HTTP_REDIRECT, samlp
    from saml2.config import IdPConfig
    from saml2.metadata import entity_descriptor
    from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
    from saml2.server import Server
    from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

from app.audits.provider_metadata import parse_metadata
from auditor_portal.saml.keys import new_key
from auditor_portal.saml.metadata import metadata

BASE = "http://127.0.0.1:8999"
REFEDS = "https://refeds.org/profile/mfa"


class SecondProvider:
    """A provider with its files in `directory`, which knows the portal `ours` by its metadata alone."""

    def __init__(self, directory, ours):
        program = shutil.which("xmlsec1")
        if program is None:
            said = "NO SECOND PROVIDER IS ASKED: there is no xmlsec1; run `make .venv/xmlsec1` as root"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)
        directory.mkdir()
        own = new_key("pysaml2", time.time())
        (directory / "idp.key").write_text(own.private_pem)
        (directory / "idp.pem").write_text(own.certificate_pem)
        (directory / "portal.xml").write_bytes(metadata(ours, time.time()))
        places = {
            "single_sign_on_service": [(f"{BASE}/sso", BINDING_HTTP_REDIRECT)],
            "single_logout_service": [(f"{BASE}/slo", BINDING_HTTP_REDIRECT)],
        }
        service = {
            "endpoints": places,
            "want_authn_requests_signed": True,
            "sign_response": True,
            "sign_assertion": True,
            "signing_algorithm": SIG_RSA_SHA256,  # without these it signs by SHA-1
            "digest_algorithm": DIGEST_SHA256,
            "name_id_format": [NAMEID_FORMAT_PERSISTENT],
            "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None}},
        }
        said = {
            "entityid": f"{BASE}/idp",
            "xmlsec_binary": program,
            "key_file": str(directory / "idp.key"),
            "cert_file": str(directory / "idp.pem"),
            "metadata": {"local": [str(directory / "portal.xml")]},
            "service": {"idp": service},
        }
        self.server = Server(config=IdPConfig().load(said))
        self.provider = parse_metadata(str(entity_descriptor(self.server.config)))

    def sign_in(self, url, *, has=REFEDS):
        """Return the form's field for the request in `url`, from a provider that can sign in by the class `has`."""
        asked = self.server.parse_authn_request(
            _said(url)["SAMLRequest"], BINDING_HTTP_REDIRECT, **_signature(url)
        ).message
        back = self.server.response_args(asked)
        wanted = asked.requested_authn_context
        if wanted is not None and has not in [each.text for each in wanted.authn_context_class_ref]:
            why = (samlp.STATUS_NO_AUTHN_CONTEXT, "no such class")
            answer = self.server.create_error_response(asked.id, back["destination"], info=why, sign=True)
        else:
            answer = self.server.create_authn_response(
                identity={"mail": "m.factor@acme.example", "displayName": "M. Factor"},
                userid="m.factor@acme.example",
                authn={"class_ref": has, "authn_auth": f"{BASE}/idp"},
                sign_assertion=True,
                sign_response=True,
                **back,
            )
        return base64.b64encode(str(answer).encode()).decode()

    def log_out(self, url, back):
        """Return the query that answers a logout request in `url`, and whom that was about."""
        asked = self.server.parse_logout_request(
            _said(url)["SAMLRequest"], BINDING_HTTP_REDIRECT, **_signature(url)
        ).message
        answer = self.server.create_logout_response(asked, [BINDING_HTTP_REDIRECT])
        return self._sent(answer, back, _said(url)["RelayState"], response=True), asked.name_id.text

    def order_log_out(self, ours, found):
        """Return the query of a logout request about whom an assertion was about, and its id."""
        about = NameID(text=found.name_id, format=found.name_id_format)
        name, order = self.server.create_logout_request(
            ours.slo_url, ours.entity_id, name_id=about, session_indexes=[found.session_index], sign=False
        )
        return self._sent(order, ours.slo_url, "theirs", response=False), name

    def logged_out(self, url):
        """Return which order of its own a logout response in `url` answers."""
        parsed = self.server.parse_logout_request_response(_said(url)["SAMLResponse"], BINDING_HTTP_REDIRECT)
        return parsed.in_response_to

    def _sent(self, message, place, relay_state, *, response):
        sent = self.server.apply_binding(
            BINDING_HTTP_REDIRECT, str(message), place, relay_state, response=response, sign=True
        )
        return urlsplit(dict(sent["headers"])["Location"]).query


def _said(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _signature(url):
    said = _said(url)
    return {"relay_state": said["RelayState"], "sigalg": said["SigAlg"], "signature": said["Signature"]}
