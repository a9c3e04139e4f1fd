"""Times as people read them."""

from datetime import UTC, datetime


def moment(seconds: int) -> str:
    """Return a time, in UTC, to the minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
