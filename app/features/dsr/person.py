"""Whom a request is about: read out of its sealed block, and written there again. Blocking.

The block is bound to the request and to how often it was written, so that an older one is not taken for the present.
"""

from app.db import reading
from app.features.dsr.errors import SayingError, UnknownRequestError
from app.features.dsr.rows import RequestRow
from app.features.dsr.said import Said, parse_sealed
from app.features.dsr.vault import MOST, Vault
from app.privacy.stores.store import Person


def person_of(request_id: str, vault: Vault) -> Person:
    """Return whom a request is about.

    Raises:
        UnknownRequestError: there is no such request, or what it said of the person is gone.
        KeyDestroyedError: the person was erased.
        VaultError: the key store fails.
    """
    with reading() as session:
        row = session.get(RequestRow, request_id)
    said = said_of(row, vault)
    assert row is not None  # noqa: S101 - said_of has refused it
    return person(row, said)


def person(row: RequestRow, said: Said) -> Person:
    """Return whom a row is about, given what was said."""
    return Person(
        tenant=row.tenant, kind=row.person_kind, id=said.id, subject=row.subject, identifiers=dict(said.identifiers)
    )


def said_of(row: RequestRow | None, vault: Vault) -> Said:
    """Return what was said with a request; raises as `person_of`."""
    if row is None or row.sealed is None or row.subject is None:
        raise UnknownRequestError("there is no such request, or nothing is kept of what it said")
    return parse_sealed(vault.open(row.subject, row.sealed, _place(row)))


def seal(row: RequestRow, said: Said, vault: Vault) -> None:
    """Have a row hold `said`, under the key of whom it is about.

    Raises:
        SayingError: it is more than is kept.
        VaultError: the key store fails.
    """
    text = said.text()
    if len(text) > MOST:
        raise SayingError("what the request says is longer than what is kept of one")
    row.sealed_number += 1
    found = vault.seal(row.tenant, row.person_kind, said.id, text, _place(row))
    row.subject, row.sealed = found.subject, dict(found.block)


def _place(row: RequestRow) -> tuple[str, int]:
    return row.id, row.sealed_number
