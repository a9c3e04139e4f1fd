"""Exports that leave under consents: registered, with one data key for each person, and called back person by person.

A person's part of an export is encrypted under a key of its own (`seal_part`). The key lies here as a sealed block
under the person's own key; whoever may open the part asks for it each time. A recall deletes the block and erasing the
person destroys what opens it: from then on nobody can open that part, wherever copies of the export lie. Runs on
sessions that it is handed.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session, col, select

from app.pdp.enforce import Permit
from app.privacy.consent import DIGEST, EVERY, PURPOSE, SCOPE, ConsentError, moment
from app.privacy.consent_ledger import alone
from app.privacy.consent_rows import ExportPartRow, PrivacyExportRow, RecallRow
from app.privacy.sealed_block import KEY_BYTES, SubjectKey
from evidence import canonical

MOST_PARTS: Final = 64
"""Persons that one request adds to an export: policy is told of each one's consent."""

MOST_RECALLS: Final = 50
"""Recalls of one page: they are signed together."""

ID: Final = re.compile(r"exp-[0-9a-f]{24}", re.ASCII)

_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What was registered of an export.

    Attributes:
        id: `exp-` and 24 hex digits.
        tenant: whose data.
        purpose: what for.
        scope: of the consents that it was made under.
        manifest: hex SHA-256 of the manifest of what left.
        recipient: who has it, by role or as the name of a service.
        by: who registered it.
        at: when, Unix seconds.
        parts: how many persons' parts it has.
        open: how many of them can be opened.
    """

    id: str
    tenant: str
    purpose: str
    scope: str
    manifest: str
    recipient: str
    by: str
    at: int
    parts: int
    open: int

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "id": self.id,
            "purpose": self.purpose,
            "scope": self.scope,
            "manifest_sha256": self.manifest,
            "recipient": self.recipient,
            "registered_by": self.by,
            "at": moment(self.at),
            "parts": self.parts,
            "open": self.open,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """That one person's part of an export is called back: whoever has it deletes it."""

    number: int
    export: str
    subject: str
    reason: str
    at: int

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "number": self.number,
            "export": self.export,
            "subject": self.subject,
            "reason": self.reason,
            "at": moment(self.at),
        }


def fresh_id(random: Callable[[int], bytes] = os.urandom) -> str:
    """Return the id of an export to come."""
    return f"exp-{random(12).hex()}"


def register(  # noqa: PLR0913 - what an export is
    session: Session,
    permit: Permit,
    *,
    identifier: str,
    tenant: str,
    purpose: str,
    scope: str,
    manifest: str,
    recipient: str,
    now: int,
) -> None:
    """Register an export, without parts yet.

    Raises:
        ConsentError: `export`, a part of what is said of it has not its form.
    """
    named = PURPOSE.fullmatch(purpose) and SCOPE.fullmatch(scope) and DIGEST.fullmatch(manifest)
    if not named or not SCOPE.fullmatch(recipient) or recipient == EVERY:
        raise ConsentError("export", "an export has a purpose, a scope, a recipient and the SHA-256 of its manifest")
    row = PrivacyExportRow(
        id=identifier,
        tenant=tenant,
        purpose=purpose,
        scope=scope,
        manifest=manifest,
        recipient=recipient,
        by=permit.request.subject.id,
        at=now,
        decision_id=permit.decision_id,
    )
    session.add(row)
    session.flush()


def add_parts(
    session: Session, export: str, keys: Sequence[SubjectKey], *, random: Callable[[int], bytes] = os.urandom
) -> dict[str, bytes]:
    """Add a part for each person, and return its data key by the pseudonym.

    Raises:
        ConsentError: `export`, there are too many, or one has a part already.
        KeyDestroyedError: a person was erased meanwhile.
    """
    subjects = [key.subject for key in keys]
    if not 1 <= len(keys) <= MOST_PARTS or len(set(subjects)) != len(subjects):
        raise ConsentError("export", f"1 to {MOST_PARTS} persons at a time, each once")
    there = select(ExportPartRow.subject).where(ExportPartRow.export == export)
    if session.exec(there.where(col(ExportPartRow.subject).in_(subjects))).first() is not None:
        raise ConsentError("export", "a person has a part of this export already")
    made = {key.subject: random(KEY_BYTES) for key in keys}
    for key in keys:
        block = key.seal(made[key.subject], place=(_place(export), 0), random=random)
        session.add(ExportPartRow(export=export, subject=key.subject, sealed=json.dumps(block)))
    session.flush()
    return made


def export(session: Session, tenant: str, identifier: str) -> Export | None:
    """Return one export of a tenant."""
    row = session.get(PrivacyExportRow, identifier)
    return None if row is None or row.tenant != tenant else _export(session, row)


def exports_of(session: Session, subject: str) -> list[Export]:
    """Return the exports in which a person has a part."""
    parts = select(ExportPartRow.export).where(ExportPartRow.subject == subject)
    wanted = select(PrivacyExportRow).where(col(PrivacyExportRow.id).in_(parts)).order_by(col(PrivacyExportRow.at))
    return [_export(session, row) for row in session.exec(wanted)]


def sealed_key(session: Session, identifier: str, subject: str) -> dict[str, str]:
    """Return the sealed block of one part's key.

    Raises:
        ConsentError: `unknown`, there is no such part; `recalled`, its key is gone.
    """
    row = session.get(ExportPartRow, (identifier, subject))
    if row is None:
        raise ConsentError("unknown", "there is no such part")
    if row.sealed is None:
        raise ConsentError("recalled", "the part was recalled: its key is destroyed")
    found: dict[str, str] = json.loads(row.sealed)
    return found


def open_key(block: Mapping[str, str], identifier: str, find: Callable[[str, str], SubjectKey | None]) -> bytes:
    """Return a part's data key; `find` finds the person's key, see `Persons.find`.

    Raises:
        ConsentError: `recalled`, the person was erased.
        SealedBlockError: the block was altered.
        KeyStoreError: the key store fails.
    """
    key = find(block["subject"], block["kid"])
    if key is None:
        raise ConsentError("recalled", "the person was erased, and the key with them")
    return key.open(dict(block), place=(_place(identifier), 0))


def recall(  # noqa: PLR0913 - what is recalled, and why
    session: Session, *, tenant: str, subject: str, purpose: str, scope: str, now: int, reason: str, decision_id: str
) -> int:
    """Call back each part that was made under this consent and destroy its key; return how many parts that were."""
    alone(session)
    parts = select(ExportPartRow).join(PrivacyExportRow, col(PrivacyExportRow.id) == col(ExportPartRow.export))
    wanted = parts.where(
        ExportPartRow.subject == subject, PrivacyExportRow.tenant == tenant, PrivacyExportRow.purpose == purpose
    )
    if scope != EVERY:
        wanted = wanted.where(col(PrivacyExportRow.scope).in_([scope, EVERY]))
    return _recall(session, session.exec(wanted).all(), tenant, now, reason, decision_id)


def recall_all(session: Session, *, subject: str, tenant: str, now: int, decision_id: str) -> int:
    """Call back everything of a person who is erased; return how many parts that were."""
    alone(session)
    found = session.exec(select(ExportPartRow).where(ExportPartRow.subject == subject)).all()
    return _recall(session, found, tenant, now, "erased", decision_id)


def recalls(session: Session, tenant: str, *, after: int = 0, most: int = MOST_RECALLS) -> list[Recall]:
    """Return what was called back, oldest first, behind the recall number `after`."""
    wanted = select(RecallRow).where(RecallRow.tenant == tenant, col(RecallRow.number) > after)
    rows = session.exec(wanted.order_by(col(RecallRow.number)).limit(most))
    return [
        Recall(number=row.number or 0, export=row.export, subject=row.subject, reason=row.reason, at=row.at)
        for row in rows
    ]


def feed(found: Sequence[Recall], *, log: str, tenant: str, after: int, now: int) -> str:
    """Return the text of one page of recalls, one line, for a note: whoever polls can show later what was said."""
    stated = {
        "v": 1,
        "type": "recalls",
        "log": log,
        "tenant": tenant,
        "after": after,
        "next": found[-1].number if found else after,
        "issued_at": moment(now),
        "recalls": [each.document() for each in found],
    }
    return canonical.encode(stated).decode() + "\n"


def seal_part(
    key: bytes, identifier: str, subject: str, text: bytes, *, random: Callable[[int], bytes] = os.urandom
) -> bytes:
    """Return one person's part of an export, encrypted: 12 bytes of nonce, then AES-256-GCM, bound to its place."""
    nonce = random(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text, _associated(identifier, subject))


def open_part(key: bytes, identifier: str, subject: str, data: bytes) -> bytes:
    """Return what `seal_part` sealed.

    Raises:
        ConsentError: `part`, it was altered, or is not this person's part of this export.
    """
    try:
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _associated(identifier, subject))
    except (InvalidTag, ValueError):
        raise ConsentError("part", "the part was altered, or belongs to another place") from None


def _recall(  # noqa: PLR0913, PLR0917 - see `recall`
    session: Session, found: Sequence[ExportPartRow], tenant: str, now: int, reason: str, decision_id: str
) -> int:
    going = [row for row in found if row.sealed is not None]
    for row in going:
        row.sealed = None
        session.add(row)
        session.add(
            RecallRow(
                tenant=tenant, export=row.export, subject=row.subject, reason=reason, at=now, decision_id=decision_id
            )
        )
    session.flush()
    return len(going)


def _export(session: Session, row: PrivacyExportRow) -> Export:
    parts = session.exec(select(ExportPartRow.sealed).where(ExportPartRow.export == row.id)).all()
    return Export(
        id=row.id,
        tenant=row.tenant,
        purpose=row.purpose,
        scope=row.scope,
        manifest=row.manifest,
        recipient=row.recipient,
        by=row.by,
        at=row.at,
        parts=len(parts),
        open=sum(each is not None for each in parts),
    )


def _place(identifier: str) -> str:
    return f"export/{identifier}"


def _associated(identifier: str, subject: str) -> bytes:
    return f"omega-export/v1\n{identifier}\n{subject}".encode()
