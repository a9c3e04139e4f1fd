"""`omega evidence`: `python -m evidence` with this node's store, key and journals."""

from collections.abc import Sequence

from app.node_log import record_now
from app.settings import Settings
from evidence.__main__ import main
from evidence.storage_commands import Node


def run(arguments: Sequence[str], settings: Settings) -> int:
    """Run one command and return its exit code."""
    node = Node(
        store=settings.store,
        key=settings.keys / "log.vkey",
        immutable=settings.store_immutable,
        record=lambda draft: record_now(settings, draft),
    )
    return main(arguments, program="omega evidence", node=node)
