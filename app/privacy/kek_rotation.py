"""Rotation of the key-encryption key (KEK): a new generation, every data key wrapped anew, the old one destroyed.

Every step is durable before the next, and starting again goes on where it ended: so a rotation that was cut off is
finished by rotating. Others may read and make keys meanwhile. Blocking.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select, update

from app.db import write_transaction
from app.kek_provider import KekProvider
from app.privacy.errors import KeyStoreError
from app.privacy.key_table import KeyTable, current_generation, scrub_files, translated
from app.privacy.rows import KEK_GENERATION, RETIRED_KEY, SUBJECT_KEY

_BATCH: Final = 500
_NONCE_BYTES: Final = 12
_TABLES: Final = (SUBJECT_KEY, RETIRED_KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What a rotation did: the generation in force, how many data keys it wrapped, which generations are gone."""

    generation: int
    wrapped: int
    destroyed: tuple[int, ...]


def rotate_kek(table: KeyTable, keks: KekProvider) -> Rotation:
    """Replace the KEK, or finish a replacement that was cut off; return once no old generation is left.

    Raises:
        KeyStoreError: the database failed, or a generation or a data key cannot be opened. The old generations are
            still there.
        KeysError: who keeps the generations fails, or somebody else is rotating.
    """
    with keks.exclusive():
        generation = _generation(table)
        if generation not in keks.load():
            raise KeyStoreError(f"generation {generation} of the key-encryption key, which is in force, is not here")
        fresh = not any(old < generation for old in keks.traces())
        if fresh:
            generation += 1
            keks.make(generation)
        table.keks.reload()  # what cannot be opened must not come into force
        if fresh:
            _advance(table, generation)
        wrapped = _wrap_all(table, generation)
        with translated():
            scrub_files(table.engine)
        old = tuple(sorted(each for each in keks.traces() if each < generation))
        for each in old:
            keks.destroy(each)
        table.keks.reload()
    return Rotation(generation=generation, wrapped=wrapped, destroyed=old)


def _generation(table: KeyTable) -> int:
    with translated(), table.engine.begin() as connection:
        return current_generation(connection)


def _advance(table: KeyTable, generation: int) -> None:
    """Have every process wrap under `generation` from now on; waits for those that are wrapping."""
    with translated(), write_transaction(table.engine) as connection:
        connection.execute(update(KEK_GENERATION).values(generation=generation))


def _wrap_all(table: KeyTable, generation: int) -> int:
    """Wrap everything under `generation`, and return how much.

    Raises:
        KeyStoreError: some cannot be unwrapped; all others are wrapped.
    """
    wrapped = 0
    while left := _left(table, generation):
        done = sum(_wrap_table(table, each, generation) for each in _TABLES)
        if not done:
            raise KeyStoreError(f"{left} subject keys cannot be unwrapped, so the old generations were kept")
        wrapped += done
    return wrapped


def _left(table: KeyTable, generation: int) -> int:
    """Return how many keys are wrapped under older generations: of both tables at one moment, as keys move."""
    counts = [
        select(func.count()).select_from(each).where(each.c.kek < generation).scalar_subquery() for each in _TABLES
    ]
    with translated(), table.engine.begin() as connection:
        return int(connection.execute(select(counts[0] + counts[1])).scalar_one())


def _wrap_table(table: KeyTable, rows: Table, generation: int) -> int:
    """Wrap what one table holds, in the order in which others lock its rows; return how much."""
    (key,) = rows.primary_key
    done, last = 0, ""
    while True:
        with translated(), write_transaction(table.engine) as connection:
            wanted = select(rows).where(rows.c.kek < generation, key > last).order_by(key).limit(_BATCH)
            batch = connection.execute(wanted.with_for_update()).mappings().all()
            done += sum(_wrap(table, connection, rows, dict(row), generation) for row in batch)
        if not batch:
            return done
        last = batch[-1][key.name]


def _wrap(table: KeyTable, connection: Connection, rows: Table, row: dict[str, Any], generation: int) -> bool:
    """Wrap one key anew; return False where it cannot be unwrapped."""
    try:
        key = table.keks.unwrap(row)
    except KeyStoreError:
        return False
    try:
        wrapped = table.keks.wrap(row | {"kek": generation}, key, table.random(_NONCE_BYTES))
    finally:
        key[:] = bytes(len(key))
    values = {"wrapped": wrapped, "kek": generation}
    connection.execute(update(rows).where(rows.c.kid == row["kid"]).values(values))
    return True
