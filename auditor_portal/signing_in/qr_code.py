"""A text as a QR code, drawn as SVG that stands in a page; the one module that knows segno."""

import io
from typing import Final

import segno

_MODULE: Final = 4  # pixels
_BORDER: Final = 4  # modules, as ISO/IEC 18004 has it


def qr_code(text: str) -> str:
    """Return an element `svg`, dark on light whatever the page's colours are: cameras look for that."""
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn,
        kind="svg",
        scale=_MODULE,
        border=_BORDER,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=False,
        nl=False,
        svgclass="qr",
        lineclass=None,
        omitsize=True,
    )
    return drawn.getvalue().decode("utf-8")
