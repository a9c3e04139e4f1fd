"""One page in three forms: for people, for programs (JSON), for spreadsheets (CSV). All three say the same.

Owns which form is wanted: `?as=json` and `?as=csv`, which pages link to, before the header `accept` (RFC 9110, section
12.5.1). Knows nothing of what is shown.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flask import Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.csv_table import Table
from app.errors import problem
from app.features.frameworks.states import TONES, WORDS
from app.pep import RefusedError


class Form(StrEnum):
    """A form of a page."""

    PAGE = "html"
    JSON = "json"
    CSV = "csv"


_TYPES = {"application/json": Form.JSON, "text/csv": Form.CSV, "text/html": Form.PAGE}


def form() -> Form:
    """Return the form that is wanted.

    Raises:
        RefusedError: it is none of ours.
    """
    wanted = request.args.get("as")
    if wanted is None:
        return _TYPES[request.accept_mimetypes.best_match(_TYPES, default="application/json")]
    try:
        return Form(wanted)
    except ValueError:
        raise RefusedError(problem("malformed_request", "`as` is `html`, `json` or `csv`")) from None


def answer(page: str, document: Mapping[str, Any], table: Table, **drawn: Any) -> ResponseReturnValue:
    """Return what is asked for in the form that is wanted.

    Args:
        page: the template, which is shown the members of `document`.
        document: JSON values.
        table: what a spreadsheet is for; its name begins that of the files.
        drawn: what only a page has.
    """
    match form():
        case Form.PAGE:
            return render_template(
                f"frameworks/{page}.html", exports=_exports(), words=WORDS, tones=TONES, **document, **drawn
            )
        case Form.JSON:
            made = jsonify(document)
            ending = "json"
        case Form.CSV:
            made = Response(table.csv(), content_type="text/csv; charset=utf-8; header=present")
            ending = "csv"
    if "as" in request.args:
        made.headers["content-disposition"] = f'attachment; filename="{_filed(table.name)}.{ending}"'
    return made


def _exports() -> dict[str, str]:
    """Return the links to the other forms of the page that is shown."""
    endpoint = request.endpoint or ""
    arguments = dict(request.view_args or {})
    kept = {name: value for name, value in request.args.items() if name != "as"} | arguments
    return {label: url_for(endpoint, **(kept | {"as": form.value})) for label, form in _LABELS.items()}


_LABELS = {"CSV": Form.CSV, "JSON": Form.JSON}


def _filed(name: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in name)
