"""JSON that a developer sends: read strictly, with size and depth held first."""

from collections.abc import Callable
from typing import Any

from app.features.marketplace.inspection.errors import InspectionError
from app.pdp.errors import MalformedRequestError, TooLargeError
from app.pdp.strict_json import parse

Failing = Callable[[str, str, str], InspectionError]
"""Makes the error of a document: code, what was seen, what is expected."""


def parsed(data: bytes, failing: Failing, *, max_bytes: int, max_depth: int) -> dict[str, Any]:
    """Return the JSON object in `data`.

    Raises:
        InspectionError: what `failing` makes: `too_large`, `too_deep`, `not_utf8`, `not_json`, `duplicate_name`,
            `number_out_of_range`, `forbidden_character`, `not_an_object`.
    """
    try:
        value = parse(data, max_bytes=max_bytes, max_depth=max_depth)
    except TooLargeError:
        raise failing("too_large", f"more than {max_bytes} bytes", f"at most {max_bytes} bytes") from None
    except MalformedRequestError as error:
        raise failing(error.code, str(error), "strict JSON (RFC 7493)") from None
    if not isinstance(value, dict):
        raise failing("not_an_object", "another JSON value", "a JSON object")
    return value
