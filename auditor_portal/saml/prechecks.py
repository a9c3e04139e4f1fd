"""What is asked of a message before any code for SAML sees it: size, base64, no document type, one message."""

import base64
import binascii
import re
from typing import Any, Final

from app.audits.strict_xml import StrictXmlError, XmlFault, parse_xml
from auditor_portal.saml.errors import SamlCode, SamlError

LARGEST_MESSAGE: Final = 256 * 1_024
"""Bytes of XML."""

_LONGEST_TEXT: Final = LARGEST_MESSAGE * 3 // 2  # base64, with line breaks
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_CODES: Final = {
    XmlFault.TOO_LARGE: SamlCode.TOO_LARGE,
    XmlFault.NOT_UTF8: SamlCode.NOT_XML,
    XmlFault.DOCTYPE: SamlCode.DOCTYPE,
    XmlFault.COMMENT: SamlCode.COMMENT,
    XmlFault.NOT_WELL_FORMED: SamlCode.NOT_XML,
}


def decoded(text: str) -> bytes:
    """Return what a form's field or a query's parameter holds.

    Args:
        text: base64 (RFC 4648 section 4), which providers may break into lines.

    Raises:
        SamlError: it is too long, or no base64.
    """
    if len(text) > _LONGEST_TEXT:
        raise SamlError(SamlCode.TOO_LARGE)
    try:
        return base64.b64decode(_SPACE.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        raise SamlError(SamlCode.NOT_BASE64) from None


def parse_message(data: bytes, tag: str) -> Any:
    """Return the root of the one message in `data`.

    Args:
        data: XML.
        tag: what the root is called; nothing inside may be called so too.

    Raises:
        SamlError: see `app.audits.strict_xml`; or it is another message, or more than one.
    """
    try:
        root = parse_xml(data, largest=LARGEST_MESSAGE)
    except StrictXmlError as error:
        raise SamlError(_CODES[error.fault]) from None
    if root.tag != tag or sum(1 for _ in root.iter(tag)) != 1 or root.get("Version") != "2.0":
        raise SamlError(SamlCode.WRONG_MESSAGE)
    return root
