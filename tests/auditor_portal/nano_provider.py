"""A real identity provider that speaks SAML: nanoidp on a free port of 127.0.0.1, with two people.

`running` starts it and yields a `Nano`. `PASSWORD_ONLY` signs in with a password alone, `WITH_CODE` with a password and
a time-based code; what the answer says is PasswordProtectedTransport for one and TimeSyncToken for the other. Their
NameID is their address, `name_id(person)`.

nanoidp puts a signature at the end of the assertion, where the schema of SAML has none; run as a program, this module
is nanoidp with the signature in its place.
"""

import html
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.audits.provider_metadata import parse_metadata
from tests.identity_provider import free_port

PASSWORD = "correct-horse"  # noqa: S105 - of a test
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - of a test
PASSWORD_ONLY, WITH_CODE = "p.only", "m.factor"
BY_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 - a class
BY_CODE = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"

SETTINGS = """config_version: 1
server: {{host: "127.0.0.1", port: {port}}}
oauth: {{issuer: "http://127.0.0.1:{port}", audience: "portal"}}
saml:
  export_roles: true
  export_groups: true
  want_authn_requests_signed: true
  strict_binding: true
  sp_certificates: ["portal.pem"]
login: {{totp: true}}
"""

USERS = f"""config_version: 1
users:
  {PASSWORD_ONLY}: {{password: "{PASSWORD}", email: "p.only@acme.example", roles: ["AUDITOR"], groups: ["acme"]}}
  {WITH_CODE}:
    password: "{PASSWORD}"
    email: "m.factor@acme.example"
    roles: ["AUDITOR"]
    groups: ["acme"]
    totp_secret: "{SECRET}"
"""


def name_id(person):
    """Return how the provider names a person."""
    return f"{person}@acme.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nano:
    """A provider that runs.

    Attributes:
        url: where it is.
        metadata: its metadata document, as an officer pastes it.
    """

    url: str
    metadata: str

    @property
    def provider(self):
        """What the metadata says: an `IdentityProvider`; `provider.as_json()` is the firm's column `idp`."""
        return parse_metadata(self.metadata)

    def code(self):
        """Return the code that WITH_CODE's device shows now."""
        from nanoidp.services.totp import generate_totp  # noqa: PLC0415 - slow, and seldom needed

        return generate_totp(SECRET)

    def answer(self, url, person=WITH_CODE, password=PASSWORD):
        """Do what a browser does that is sent to `url`: return the form it brings back, SAMLResponse and RelayState."""
        with httpx.Client(follow_redirects=True, timeout=20) as browser:
            page = browser.get(url).text
            for more in ({"username": person, "password": password}, {"totp_code": self.code()}):
                form = form_of(page)
                if "SAMLResponse" in form:
                    break
                form.pop("change_username", None)
                page = browser.post(f"{self.url}/saml/sso", data=form | more).text
        form = form_of(page)
        assert "SAMLResponse" in form, page[:2_000]
        return form


def form_of(page):
    """Return the fields of the form on a page."""
    found = {}
    for field in re.findall(r"<input[^>]*>", page, re.DOTALL):
        name, value = re.search(r'name="([^"]*)"', field), re.search(r'value="([^"]*)"', field)
        if name:
            found[name[1]] = html.unescape(value[1]) if value else ""
    return found


@contextmanager
def running(directory: Path, certificate: str):
    """Run a provider with its files in `directory`, a new one; it takes requests that `certificate` (PEM) signed."""
    port = free_port()
    directory.mkdir()
    (directory / "settings.yaml").write_text(SETTINGS.format(port=port))
    (directory / "users.yaml").write_text(USERS)
    (directory / "portal.pem").write_text(certificate)
    command = [sys.executable, __file__, "--config", str(directory), "--port", str(port)]
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=directory, env=os.environ | {"PYTHONPATH": path}
        )
    try:
        yield Nano(url=f"http://127.0.0.1:{port}", metadata=_metadata(port, process, directory))
    finally:
        process.terminate()
        process.wait(20)


def _metadata(port, process, directory):
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/saml/metadata", timeout=5).raise_for_status().text
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the provider does not start: " + (directory / "log").read_text()[-2_000:])


def _put_signatures_in_their_place():
    """Have nanoidp sign where its signer finds a place kept: directly after the assertion's Issuer."""
    from lxml import etree  # noqa: PLC0415 - of the program alone
    from nanoidp.routes import saml  # noqa: PLC0415
    from nanoidp.services import saml_assertion  # noqa: PLC0415

    build = saml_assertion.build_assertion_core
    signature = "{http://www.w3.org/2000/09/xmldsig#}Signature"

    def with_a_place(response, **said):
        assertion, subject = build(response, **said)
        assertion.insert(1, etree.Element(signature, Id="placeholder"))
        return assertion, subject

    saml_assertion.build_assertion_core = saml.build_assertion_core = with_a_place


if __name__ == "__main__":
    from nanoidp.__main__ import main

    _put_signatures_in_their_place()
    sys.exit(main())
