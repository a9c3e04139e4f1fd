"""Records that a command writes: on a chain of its own, which the service seals as it seals those of its workers."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from app.privacy.erasure import Recorder
from app.settings import Settings
from evidence.record import Draft
from evidence.writer import Appended, Writer


@contextmanager
def recording(settings: Settings) -> Iterator[Recorder]:
    """Yield what writes a record; a chain is taken with the first one, and let go at the end.

    Raises:
        EvidenceError: a record cannot be written.
    """
    writers: list[Writer] = []

    async def append(draft: Draft) -> Appended:
        if not writers:
            opened = Writer.open(settings.journals, retention_class=settings.default_class, version=version("omega"))
            writers.append(opened)
        return await writers[0].append(lambda _: draft)

    with asyncio.Runner() as runner:
        try:
            yield lambda draft: runner.run(append(draft))
        finally:
            for writer in writers:
                runner.run(writer.close())
