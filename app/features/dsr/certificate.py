"""What the person is given to show what was done: who asked what, when, in which store, by which record. Pure.

It names nobody: a pseudonym stands for the person. The same facts are a PDF for people and, as canonical JSON under the
signature of the log's key, a statement for machines.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from app.features.dsr.request import Request, Step
from app.reporting.pdf import shown, typeset
from evidence import canonical, note
from evidence.keys import SigningKey

TYPE: Final = "omega data subject request/v1"
"""The first line of a statement: no checkpoint and no seal begins so, so that neither is taken for the other."""

_TEMPLATE: Final = "features/dsr/templates/certificate.typ"


def certificate(request: Request, progress: Sequence[Any], signer: SigningKey) -> dict[str, Any]:
    """Return what was done about a request that has ended, as JSON values.

    Args:
        request: the request.
        progress: how far each store is with each step, as `running.run.Progress`.
        signer: the log's key.
    """
    return {
        "v": 1,
        "request": request.id,
        "kind": request.kind.value,
        "law": request.law.value,
        "provision": request.limit.law,
        "subject": request.subject or "",
        "state": request.state.value,
        "received": _time(request.received_at),
        "verified": "" if request.verified_at is None else _time(request.verified_at),
        "ended": _time(request.steps[-1].at),
        "steps": [
            {"step": each.step.value, "at": _time(each.at), "code": each.code, "decision_id": each.decision_id}
            for each in request.steps
        ],
        "stores": [
            {
                "store": each.store,
                "step": each.step,
                "state": each.state,
                "count": each.count,
                "reason": each.reason,
                "receipt": each.receipt or "",
            }
            for each in progress
        ],
        "log": signer.origin,
        "verifier_key": str(signer.verifier),
    }


def signed(made: Mapping[str, Any], signer: SigningKey) -> bytes:
    """Return the statement as a signed note: the type, canonical JSON, and the signature of the log's key."""
    return note.sign(f"{TYPE}\n{canonical.encode(dict(made)).decode()}\n", signer)


def certificate_pdf(made: Mapping[str, Any], words: Mapping[str, Any], language: str) -> bytes:
    """Return the certificate as PDF/A-3a in the words of a language.

    Raises:
        ReportError: it cannot be set.
    """
    attached = canonical.encode(dict(made))
    said = {
        "made": dict(made),
        "title": words["done"][made["kind"]],
        "wanted": words["kinds"][made["kind"]]["name"],
        "law": words["laws"][made["law"]].partition(" (")[0],
        "paper": words["paper"],
        "status": words["status"],
        "steps": {step.value: words["steps"][step.value] for step in Step},
        "words": {name: words[name] for name in ("places", "acts", "results")},
    }
    inputs = {
        "attached": attached.decode(),
        "data": json.dumps(shown(said)),
        "lang": language,
        "sha256": hashlib.sha256(attached).hexdigest(),
    }
    return typeset(_TEMPLATE, inputs, datetime.fromisoformat(made["ended"]))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
