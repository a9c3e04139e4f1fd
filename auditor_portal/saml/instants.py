"""Times as SAML writes them: `xs:dateTime` in UTC (saml-core 1.3.3). Unix seconds on this side."""

import re
from datetime import UTC, datetime
from typing import Final

_FORM: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z", re.ASCII)


def instant_text(seconds: float) -> str:
    """Return a time in the one form that is sent."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str | None) -> int:
    """Return a time in Unix seconds; fractions are dropped.

    Raises:
        ValueError: it is no time of that form.
    """
    found = _FORM.fullmatch(text or "")
    if found is None:
        raise ValueError("a time reads like 2026-01-31T12:00:00Z")
    return int(datetime.strptime(f"{found[1]}+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp())
