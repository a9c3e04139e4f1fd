"""Text that somebody entered: without what surrounds it, within a length, of characters that can be shown.

Pure. Messages name the field and quote nothing of it.
"""

import re
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_network
from typing import Any, Final

from app.audits.errors import AuditsError
from evidence import form

_DAY: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", re.ASCII)
_MINUTE: Final = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](?::[0-5][0-9])?Z?", re.ASCII)
_MOST_NETWORKS: Final = 64


def text(name: str, value: Any, *, longest: int, lines: bool = False, needed: bool = False) -> str:
    """Return what was entered for `name`; `lines`: it may have several; `needed`: it may not be empty.

    Raises:
        AuditsError: `invalid`.
    """
    if not isinstance(value, str):
        raise _invalid(name, "is no text")
    found = value.strip().replace("\r\n", "\n")
    if needed and not found:
        raise _invalid(name, "is empty")
    if len(found) > longest:
        raise _invalid(name, f"has more than {longest} characters")
    if not all(each.isprintable() or (lines and each in "\n\t") for each in found):
        raise _invalid(name, "has a character that it cannot have")
    return found


def day(name: str, value: Any) -> date:
    """Return the day that was entered, such as 2026-12-31.

    Raises:
        AuditsError: `invalid`.
    """
    try:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()):
            return date.fromisoformat(value.strip())
    except ValueError:
        pass
    raise _invalid(name, "is a day such as 2026-12-31")


def midnight(found: date) -> str:
    """Return the beginning of a day in UTC, as the log writes times."""
    return form.time_text(datetime(found.year, found.month, found.day, tzinfo=UTC))


def after(found: date) -> str:
    """Return the end of a day, which is the beginning of the next one. See `midnight`."""
    return midnight(found + timedelta(days=1))


def last_day(end: str) -> str:
    """Return the last day before a time that `after` gave."""
    return (datetime.fromisoformat(end) - timedelta(microseconds=1)).date().isoformat()


def moment(name: str, value: Any) -> str:
    """Return the time in UTC that was entered, such as 2026-11-22T14:00, as the log writes it.

    Raises:
        AuditsError: `invalid`.
    """
    try:
        if isinstance(value, str) and _MINUTE.fullmatch(value.strip()):
            return form.time_text(datetime.fromisoformat(value.strip().removesuffix("Z")).replace(tzinfo=UTC))
    except ValueError:
        pass
    raise _invalid(name, "is a time in UTC such as 2026-11-22T14:00")


def networks(name: str, value: Any) -> tuple[str, ...]:
    """Return the networks that were entered, white space or commas between them, in the one form of each.

    Raises:
        AuditsError: `invalid`.
    """
    if not isinstance(value, str):
        raise _invalid(name, "is no text")
    words = value.replace(",", " ").split()
    if len(words) > _MOST_NETWORKS:
        raise _invalid(name, f"names more than {_MOST_NETWORKS} networks")
    try:
        found = {ip_network(word) for word in words}
    except ValueError:
        raise _invalid(name, "names networks as 192.0.2.0/24 or 2001:db8::/48, without bits beyond the mask") from None
    return tuple(str(each) for each in sorted(found, key=lambda each: (each.version, each)))


def number(name: str, value: Any, *, least: int, most: int) -> int:
    """Return the whole number that was entered.

    Raises:
        AuditsError: `invalid`.
    """
    if (
        isinstance(value, str)
        and value.strip().isdecimal()
        and value.strip().isascii()
        and len(value) < len(str(most)) + 2
    ):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _invalid(name, f"is a whole number from {least} to {most}")
    return value


def _invalid(name: str, why: str) -> AuditsError:
    return AuditsError("invalid", f"`{name}` {why}")
