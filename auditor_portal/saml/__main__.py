"""The portal's SAML keys, changed in steps: `python -m auditor_portal.saml list|prepare|roll|forget DIRECTORY`.

Exit codes: 0 done, 2 unusable input. A portal that runs takes up what was changed when it starts again.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes

from auditor_portal.saml.keys import SamlKeyError, forget, open_keys, prepare, roll

_STEPS: Final[dict[str, Callable[[Path, float], object]]] = {
    "list": lambda _directory, _now: None,
    "prepare": prepare,
    "roll": lambda directory, _now: roll(directory),
    "forget": lambda directory, _now: forget(directory),
}


def main(arguments: Sequence[str] | None = None, *, now: Callable[[], float] = time.time) -> int:
    """Take one step, show the certificates that are published after it, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m auditor_portal.saml", description="The portal's SAML keys.")
    parser.add_argument(
        "step", choices=_STEPS, help="prepare: publish the next key; roll: sign with it; forget: the old one"
    )
    parser.add_argument("directory", type=Path, help="the folder `keys` in the portal's data directory")
    said = parser.parse_args(arguments)
    try:
        _STEPS[said.step](said.directory, now())
        keys = open_keys(said.directory, now())
    except SamlKeyError as error:
        print(f"auditor_portal.saml: {error}", file=sys.stderr)
        return 2
    for key in keys.published:
        ends = key.certificate.not_valid_after_utc.date().isoformat()
        what = "signs" if key is keys.current else "deciphers"
        print(f"{key.certificate.fingerprint(hashes.SHA256()).hex()} until {ends} {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
