"""How often a process of ours looks for garbage that refers to itself.

Reference counts free what a request leaves; the collector is for the rest, which is little. Its standard threshold is
made for programs that hold few objects: a worker whose requests wait for their records together spent a tenth of its
CPU on walking over requests in flight, and over everything that policies and libraries hold.
"""

import gc
from typing import Final

_YOUNG: Final = 20_000  # objects beyond those freed: more than 256 requests in flight make


def collect_rarely() -> None:
    """Take what lives now for immortal, and look at the rest when there is enough of it. To be called once started."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG)
