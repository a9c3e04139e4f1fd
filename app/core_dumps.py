"""What a process with keys in its memory does so that the memory is written nowhere when it crashes.

Every process of a node calls it first: what has no keys has what people asked for.
"""

import ctypes
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4
_C: Final = ctypes.CDLL(None, use_errno=True)


def refuse_core_dumps() -> None:
    """Have the kernel dump this process neither into a file nor into a program, and let nobody but root read it.

    The limit is for files, and children inherit it; a program that dumps are piped to gets one all the same (core(5)).
    So the process is not dumpable either (prctl(2)), which a program that is started loses. Its memory, environment and
    descriptors below /proc are then root's: a debugger or a profiler of the same user is refused.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _C.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
