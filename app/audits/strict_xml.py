"""XML from outside, as little of it as SAML needs: UTF-8, elements, attributes, text, within a size.

Owns what is refused before and while text becomes a tree. Knows no SAML. A document type is how parsers are made to
read files and to grow (CWE-611, CWE-776); a comment or a processing instruction is how two readers of the same signed
bytes come to see two names (CVE-2017-11427). None of them has a use here, so none of them is parsed.
"""

import re
from enum import StrEnum
from typing import Any, Final

from lxml import etree

_DECLARATION: Final = re.compile(
    r"""<\?xml\s+version=(?:"1\.0"|'1\.0')(?:\s+encoding=(?:"utf-8"|'utf-8'))?"""
    r"""(?:\s+standalone=(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>""",
    re.IGNORECASE,
)


class XmlFault(StrEnum):
    """What is wrong with a document."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    DOCTYPE = "doctype"
    COMMENT = "comment"
    NOT_WELL_FORMED = "not_well_formed"


class StrictXmlError(Exception):
    """The text is no XML that is read here. The message never quotes it."""

    def __init__(self, fault: XmlFault) -> None:
        super().__init__(f"the XML is refused: {fault.value}")
        self.fault = fault


def parse_xml(data: bytes, *, largest: int) -> Any:
    """Return the root element of `data`, in which there is no document type, comment, CDATA section or instruction.

    Args:
        data: UTF-8; a declaration may say so.
        largest: bytes.

    Raises:
        StrictXmlError: it is not such a document.
    """
    text = _text(data, largest)
    start = text.lstrip()
    declaration = _DECLARATION.match(start)
    if declaration is None and start.startswith("<?xml "):
        raise StrictXmlError(XmlFault.NOT_UTF8)
    body = start[declaration.end() :] if declaration else start
    if re.search(r"<!(?:--|\[CDATA\[)", body) or "<?" in body:
        raise StrictXmlError(XmlFault.COMMENT)
    if "<!" in body:
        raise StrictXmlError(XmlFault.DOCTYPE)
    return _tree(body)


def parse_commented_xml(data: bytes, *, largest: int) -> Any:
    """Return the same of a document that people have written comments into; they are taken out before it is parsed.

    For what is believed because of who brings it, and not because it is signed.

    Raises:
        StrictXmlError: see `parse_xml`.
    """
    before, *commented = _text(data, largest).split("<!--")
    parts = [comment.partition("-->") for comment in commented]
    if not all(end for _, end, _ in parts):
        raise StrictXmlError(XmlFault.NOT_WELL_FORMED)
    return parse_xml("".join([before, *(after for _, _, after in parts)]).encode(), largest=largest)


def _text(data: bytes, largest: int) -> str:
    if len(data) > largest:
        raise StrictXmlError(XmlFault.TOO_LARGE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StrictXmlError(XmlFault.NOT_UTF8) from None


def _tree(body: str) -> Any:
    """Parse what is left once everything dangerous is known not to be there; the parser is told the same again."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(body.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise StrictXmlError(XmlFault.NOT_WELL_FORMED) from None
