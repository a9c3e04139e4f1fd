"""An identity provider on a laptop, for officers (OpenID Connect) and for an audit firm (SAML 2.0).

docs/portal.md and docs/privacy.md say what to try with it.

    pip install nanoidp==3.4.0
    python examples/identity_provider.py          # serves
    python examples/identity_provider.py --code   # the code that an officer's device would show now

It listens on 127.0.0.1, and the password of everybody is `correct-horse`. Officers have a second factor, and all their
devices show the same code: `maria` answers for compliance, `noor` and `ines` for privacy. `a.lee` and `b.kim` are
auditors, who have a password alone. It is nanoidp, an identity provider for tests, with one
thing put right: it writes a signature at the end of a SAML assertion, where the schema has none and a portal that is
strict finds none.
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - of a laptop
SETTINGS = """config_version: 1
server: {{host: "127.0.0.1", port: {port}}}
oauth:
  issuer: "http://127.0.0.1:{port}"
  audience: "omega"
  clients:
    - client_id: "omega"
      token_endpoint_auth_method: "none"
      redirect_uris: ["{omega}/session/callback"]
saml: {{strict_binding: true}}
login: {{totp: true}}
"""
USERS = f"""config_version: 1
users:
  maria:
    password: "correct-horse"
    email: "maria@example.org"
    groups: ["omega-compliance"]
    totp_secret: "{SECRET}"
  noor:
    password: "correct-horse"
    email: "noor@example.org"
    groups: ["omega-privacy"]
    totp_secret: "{SECRET}"
  ines:
    password: "correct-horse"
    email: "ines@example.org"
    groups: ["omega-data-protection"]
    totp_secret: "{SECRET}"
  a.lee: {{password: "correct-horse", email: "a.lee@firm.example", roles: ["AUDITOR"]}}
  b.kim: {{password: "correct-horse", email: "b.kim@firm.example", roles: ["AUDITOR"]}}
"""


def put_signatures_in_their_place() -> None:
    """Have nanoidp sign directly after the assertion's Issuer (SAML 2.0 core, section 2.3.3)."""
    from lxml import etree  # noqa: PLC0415 - it may not be installed
    from nanoidp.routes import saml  # noqa: PLC0415
    from nanoidp.services import saml_assertion  # noqa: PLC0415

    build = saml_assertion.build_assertion_core
    signature = "{http://www.w3.org/2000/09/xmldsig#}Signature"

    def with_a_place(response: object, **said: object) -> tuple[object, object]:
        assertion, subject = build(response, **said)
        assertion.insert(1, etree.Element(signature, Id="placeholder"))
        return assertion, subject

    saml_assertion.build_assertion_core = saml.build_assertion_core = with_a_place


def main() -> int:
    """Run it until it is told to stop."""
    parser = argparse.ArgumentParser(description="an identity provider, to try Omega with")
    parser.add_argument("--port", type=int, default=8801, help="where it listens (default: %(default)s)")
    parser.add_argument(
        "--omega",
        default="http://127.0.0.1:8420",
        metavar="URL",
        help="where officers find Omega (default: %(default)s)",
    )
    parser.add_argument("--code", action="store_true", help="print what the officer's device shows now, and end")
    options = parser.parse_args()
    try:
        from nanoidp.__main__ import main as serve  # noqa: PLC0415 - it may not be installed
        from nanoidp.services.totp import generate_totp  # noqa: PLC0415
    except ModuleNotFoundError:
        print("install it first: pip install nanoidp==3.4.0", file=sys.stderr)
        return 2
    if options.code:
        print(generate_totp(SECRET))
        return 0
    put_signatures_in_their_place()
    with TemporaryDirectory() as directory:
        (Path(directory) / "settings.yaml").write_text(SETTINGS.format(port=options.port, omega=options.omega))
        (Path(directory) / "users.yaml").write_text(USERS)
        os.chdir(directory)  # it leaves its keys where it runs
        sys.argv = ["nanoidp", "--config", directory, "--port", str(options.port)]
        return serve() or 0


if __name__ == "__main__":
    sys.exit(main())
