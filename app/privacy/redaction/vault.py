"""What the tokens of one person and scope stand for, in a database: numbered, sealed, found again, opened. Blocking.

Belongs to one transaction, which holds the person's row (`person.keep`) while tokens are numbered.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Final, TypeVar

from sqlmodel import Session, col, func, select

from app.privacy.redaction.errors import RedactionError
from app.privacy.redaction.person import FindKey, Known, opened
from app.privacy.redaction.redacting import Value
from app.privacy.redaction.rows import TokenRow
from app.privacy.redaction.tokens import MOST, Token
from app.privacy.sealed_block import SubjectKey

_BATCH: Final = 500
_T = TypeVar("_T")


class Vault:
    """The tokens of one person in one scope."""

    def __init__(self, session: Session, person: Known, scope: str) -> None:
        self._session, self._person, self._scope = session, person, scope

    def number(
        self,
        wanted: Sequence[Value],
        key: SubjectKey,
        *,
        now: int,
        decision_id: str,
        random: Callable[[int], bytes] = os.urandom,
    ) -> Mapping[Value, Token]:
        """Return the token of each value: the one it has, or the next of its kind, sealed under `key`.

        Raises:
            SealedBlockError: the key was destroyed meanwhile, or a value cannot be sealed.
            RedactionError: the scope has no numbers left.
        """
        lookups = {self._person.lookup(self._scope, *value): value for value in wanted}
        found = dict(self._found(lookups))
        last = self._last() if len(found) < len(wanted) else {}
        rows = []
        for lookup, value in lookups.items():
            if value in found:
                continue
            token = found[value] = Token(value[0], last.get(value[0], 0) + 1)
            if token.number > MOST:
                raise RedactionError("this scope has no numbers left")
            last[token.kind] = token.number
            text = value[1].encode("utf-8", "surrogatepass")
            rows.append(
                TokenRow(
                    subject=self._person.subject,
                    scope=self._scope,
                    kind=token.kind,
                    number=token.number,
                    lookup=lookup,
                    block=key.seal(text, place=self._place(token), random=random),
                    at=now,
                    decision_id=decision_id,
                )
            )
        self._session.add_all(rows)
        self._session.flush()
        return found

    def values(self, tokens: Iterable[Token], find_key: FindKey) -> dict[Token, str]:
        """Return what these tokens stand for; one that stands for nothing is not among them.

        Raises:
            KeyDestroyedError: the person was erased.
            SealedBlockError: a row was altered.
            KeyStoreError: a key cannot be had now.
        """
        keys = cache(find_key)
        return {
            token: opened(row.subject, row.block, self._place(token), keys).decode("utf-8", "surrogatepass")
            for token, row in self._rows(tokens)
        }

    def _found(self, lookups: Mapping[str, Value]) -> Iterator[tuple[Value, Token]]:
        for some in _batches(lookups):
            wanted = select(TokenRow.lookup, TokenRow.kind, TokenRow.number).where(col(TokenRow.lookup).in_(some))
            for lookup, kind, number in self._session.exec(wanted.where(TokenRow.subject == self._person.subject)):
                yield lookups[lookup], Token(kind, number)

    def _last(self) -> dict[str, int]:
        wanted = select(TokenRow.kind, func.max(TokenRow.number)).where(
            TokenRow.subject == self._person.subject, TokenRow.scope == self._scope
        )
        return dict(self._session.exec(wanted.group_by(TokenRow.kind)).all())

    def _rows(self, tokens: Iterable[Token]) -> Iterator[tuple[Token, TokenRow]]:
        by_kind: dict[str, set[int]] = {}
        for each in tokens:
            by_kind.setdefault(each.kind, set()).add(each.number)
        for kind, numbers in sorted(by_kind.items()):
            for some in _batches(sorted(numbers)):
                wanted = select(TokenRow).where(
                    TokenRow.subject == self._person.subject, TokenRow.scope == self._scope, TokenRow.kind == kind
                )
                for row in self._session.exec(wanted.where(col(TokenRow.number).in_(some))):
                    yield Token(row.kind, row.number), row

    def _place(self, token: Token) -> tuple[str, int]:
        """Return what a block is bound to, beside subject and key: read from its end, it is of one scope alone."""
        return f"token/{self._scope}/{token.kind}", token.number


def _batches(values: Iterable[_T]) -> Iterator[list[_T]]:
    left = iter(values)
    while some := list(islice(left, _BATCH)):
        yield some
