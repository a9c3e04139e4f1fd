"""`omega evidence`: `python -m evidence` with this node's store, key and journals."""

import asyncio
from collections.abc import Sequence
from importlib.metadata import version

from app.settings import Settings
from evidence.__main__ import main
from evidence.record import Draft
from evidence.storage_commands import Node
from evidence.writer import Writer


def run(arguments: Sequence[str], settings: Settings) -> int:
    """Run one command and return its exit code."""
    node = Node(
        store=settings.store,
        key=settings.keys / "log.vkey",
        immutable=settings.store_immutable,
        record=lambda draft: asyncio.run(_append(settings, draft)),
    )
    return main(arguments, program="omega evidence", node=node)


async def _append(settings: Settings, draft: Draft) -> None:
    """Put one record into a chain of this node that nobody writes to now, or into a new one."""
    writer = Writer.open(settings.journals, retention_class=settings.default_class, version=version("omega"))
    try:
        await writer.append(lambda _: draft)
    finally:
        await writer.close()
