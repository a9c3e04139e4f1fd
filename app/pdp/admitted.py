"""Who admits bundles: this program, by the bytes of what decides, and its engine.

A bundle that the same program admitted needs no second look; another release of either looks again.
"""

import hashlib
from functools import cache
from pathlib import Path


@cache
def admitter(engine: str) -> str:
    """Return a name of this program and `engine` as those who admit bundles: a word for people, and a hash.

    Raises:
        OSError: the program's own files cannot be read.
    """
    program = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        program.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return f"{engine} {program.hexdigest()}"
