"""Whom credentials name: over the node's policies and those that tenants have of their own.

Owns what happens where two tables claim one credential. A tenant's own policies cannot take anybody's: what the node's
table has, nobody else has, and what two tenants claim is nobody's.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from app.pdp.callers import Caller
from app.pdp.jwk import PublicKey

Table = Mapping[str, Caller]

_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A caller that policy data register: its name and its tenant."""

    subject: str
    tenant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A caller that signs for itself, and its keys by `kid`."""

    known: Known
    keys: Mapping[str, PublicKey]


class CallerDirectory:
    """Callers by what proves that it is them.

    Attributes:
        clients: by issuer, client id and subject at an identity provider.
        holders: by the names of a certificate, as policy data write them.
        signers: by client id: the caller's name, or `<tenant>/<name>` where a tenant's own policies register it.
    """

    def __init__(self, node: Table, own: Mapping[str, Table]) -> None:
        """Take in the node's table, and those of tenants."""
        self.clients = _claimed(node, own, _clients)
        self.holders = _claimed(node, own, _holders)
        self.signers = {name: _signer(name, caller) for name, caller in node.items()}
        for tenant, table in own.items():
            self.signers |= {f"{tenant}/{name}": _signer(name, caller) for name, caller in table.items()}


def _claimed(node: Table, own: Mapping[str, Table], claims: Callable[[Caller], Iterator[_K]]) -> dict[_K, Known]:
    found = dict(_claims(node, claims))
    others: dict[_K, Known | None] = {}
    for table in own.values():
        for claim, known in _claims(table, claims):
            others[claim] = None if claim in others else known
    return {claim: known for claim, known in others.items() if known is not None} | found


def _claims(table: Table, claims: Callable[[Caller], Iterator[_K]]) -> Iterator[tuple[_K, Known]]:
    for name, caller in table.items():
        for claim in claims(caller):
            yield claim, Known(subject=name, tenant=caller.tenant)


def _clients(caller: Caller) -> Iterator[tuple[str, str, str]]:
    if (client := caller.credentials.oauth) is not None:
        yield client.issuer, client.client_id, client.subject


def _holders(caller: Caller) -> Iterator[str]:
    yield from caller.credentials.certificates


def _signer(name: str, caller: Caller) -> Signer:
    return Signer(known=Known(subject=name, tenant=caller.tenant), keys=caller.credentials.keys)
