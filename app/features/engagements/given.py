"""What an officer says of a file: which days it speaks of, when it was collected, where it comes from. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from app.audits import entered
from app.audits.errors import AuditsError
from app.audits.request import Provenance

_TEXT: Final = 200
_QUERY: Final = 2_000
_COMMIT: Final = re.compile(r"(?:[0-9a-f]{7,64})?", re.ASCII)


def provenance(said: Mapping[str, Any], at: str) -> Provenance:
    """Return what is said of a file that is received at `at`, a time as the log writes it.

    Raises:
        AuditsError: `invalid`; also where it was collected after it was received.
    """
    first = entered.day("effective_from", said.get("effective_from"))
    last = entered.day("effective_to", said.get("effective_to") or said.get("effective_from"))
    collected = entered.moment("collected", said.get("collected"))
    commit = said.get("policy_commit", "")
    if last < first:
        raise AuditsError("invalid", "`effective_to` is before `effective_from`")
    if collected > at:
        raise AuditsError("invalid", "`collected` has not come yet")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise AuditsError("invalid", "`policy_commit` is the id of a commit, or empty")
    return Provenance(
        effective_from=first.isoformat(),
        effective_to=last.isoformat(),
        collected=collected,
        source=entered.text("source", said.get("source", ""), longest=_TEXT, needed=True),
        query=entered.text("query", said.get("query", ""), longest=_QUERY, lines=True),
        actor=entered.text("actor", said.get("actor", ""), longest=_TEXT, needed=True),
        tool=entered.text("tool", said.get("tool", ""), longest=_TEXT),
        policy_commit=commit,
    )
