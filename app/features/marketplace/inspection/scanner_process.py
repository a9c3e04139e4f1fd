"""The process that looks through an artifact: `python -m app.features.marketplace.inspection.scanner_process`.

It reads a file that its parent opened, has an empty directory of its own, no environment, no network where the kernel
lets it give that up, and ends with its parent. Its arguments: the parent, bytes of memory, seconds of processor, the
directory. Standard input: one line of JSON, `{"rules": {name: source}}`, then the artifact. Standard output: what
`looking.look` returns. Its errors say nothing: they could quote the artifact.
"""

import ctypes
import json
import logging
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.core_dumps import refuse_core_dumps
from app.pdp.lifeline import end_with_parent

OUTPUT: Final = 64 << 20
"""Bytes of any file it writes, standard output among them."""

_FILES: Final = 256
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_NEW_PRIVILEGES: Final = 38


def confine(memory: int, seconds: int) -> bool:
    """Take no more than this, leave no core, and give up the network; return whether that one is gone."""
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_NEW_PRIVILEGES, 1, 0, 0, 0)
    apart = bool(library.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: OUTPUT,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        with suppress(ValueError):  # it is lower already
            resource.setrlimit(limit, (value, value))
    return apart


def main() -> int:
    """Look through one artifact."""
    refuse_core_dumps()
    logging.disable(logging.CRITICAL)  # what a library says could quote the artifact
    parent, memory, seconds, folder = sys.argv[1:]
    end_with_parent(int(parent))
    apart = confine(int(memory), int(seconds))
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as outgoing:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nothing a library prints becomes an answer
        head = json.loads(sys.stdin.buffer.readline())
        from app.features.marketplace.inspection.looking import look  # noqa: PLC0415 - once it is confined

        found = look(sys.stdin.buffer.read(), head["rules"], Path(folder))
        outgoing.write(json.dumps(found | {"network": not apart}).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
