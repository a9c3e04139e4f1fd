"""The life of a child process: it ends with the one that started it, however that one ends."""

import ctypes
import os
import signal
import sys
from typing import Final

HOPELESS: Final = 3
"""Exit code of a child that a fresh start would not help: the service ends with it, and a person must look."""

_PR_SET_PDEATHSIG: Final = 1
_C: Final = ctypes.CDLL(None, use_errno=True)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (prctl(2)).

    `parent` is the process id the caller knows as its parent: if that one is gone already, this process ends now.
    """
    _C.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)
