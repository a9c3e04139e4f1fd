"""What the engine's virtual machine is known to get right: constants and functions, with the kinds they are of.

Owns that list. Whether an action keeps to it is `machine_profile`'s business. Whoever changes it changes its `VERSION`
there, so that whatever was proved by another list is proved again.
"""

from collections.abc import Mapping
from typing import Final

from app.pdp.machine_shapes import COLLECTIONS, JOINED

CONSTANTS: Final = {"String": "string", "RawString": "string", "Number": "number", "Bool": "boolean", "Null": "null"}
"""Kinds of nodes that are constants, and the kind of value each is."""

BUILTINS: Final[Mapping[str, tuple[tuple[frozenset[str], ...], str]]] = {
    **{
        f"is_{kind}": ((frozenset(),), "boolean")
        for kind in ("array", "boolean", "null", "number", "object", "set", "string")
    },
    "array.concat": ((frozenset({"array"}),) * 2, JOINED),
    "count": ((COLLECTIONS | {"string"},), "number"),
    "endswith": ((frozenset({"string"}),) * 2, "boolean"),
    "lower": ((frozenset({"string"}),), "string"),
    "object.get": ((frozenset({"object"}), frozenset({"boolean", "null", "number", "string"}), frozenset()), ""),
    "object.keys": ((frozenset({"object"}),), "set"),
    "set": ((), "set"),
    "startswith": ((frozenset({"string"}),) * 2, "boolean"),
    "time.parse_rfc3339_ns": ((frozenset({"time"}),), "number"),
    "upper": ((frozenset({"string"}),), "string"),
}
"""Functions known right: the kinds each argument must be of (none named: any), and the kind of the result."""

JOINING: Final = frozenset({"array.concat"})
"""Functions that copy lists whole in one instruction: not in a loop, and not of long lists or joined ones."""
