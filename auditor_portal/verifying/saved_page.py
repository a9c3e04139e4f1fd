"""The page that verifies, as one file to keep: it works from a disk, without a network, when the portal is gone.

Its own policy (CSP) lets it run the script that stands in it, by its hash, and ask nothing of anybody. It says nothing
of an engagement: everybody gets the same bytes, so its hash can be compared.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from flask import render_template
from markupsafe import Markup

import app as product
from auditor_portal.verifying.bundle import bundle

NAME: Final = "verify-evidence.html"
_MODULES: Final = Path(__file__).resolve().parents[1] / "static" / "verify"
_SHARED: Final = Path(product.__file__).parent / "static"
_POLICY: Final = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; connect-src 'none'; form-action 'none'; "
    "base-uri 'none'"
)


@cache
def saved_page() -> bytes:
    """Return the file: HTML with script and style in it.

    Raises:
        BundleError: the modules cannot be made one script.
    """
    script = bundle(_MODULES, "page")
    style = "\n".join(path.read_text("utf-8") for path in (_SHARED / "omega.css", _MODULES / "verify.css"))
    policy = _POLICY.format(script=_source(script), style=_source(style))
    page = render_template("verifying/saved.html", script=Markup(script), style=Markup(style), policy=Markup(policy))  # noqa: S704 - our own files
    return page.encode()


def digest() -> str:
    """Return the SHA-256 of the file, in hex."""
    return hashlib.sha256(saved_page()).hexdigest()


def _source(text: str) -> str:
    """Return the hash by which a policy names a script or a style (CSP, section 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
