"""OPA's own engine in a process of its own: `python opa_process.py LIBRARY`; each line is a message, or its answer.

The library brings the runtime of Go, which starts threads and may not be forked; so it is loaded here and nowhere else.

    {"load": {"modules": {path: source}, "data": {...}}}  -> {"loaded": true} or {"error": why}
    {"evaluate": path, "inputs": [JSON text, ...]}         -> {"answers": [answer, ...]}

An answer is `{"value": ...}`, `{"undefined": true}` or `{"error": why}`.
"""

import ctypes
import json
import sys

FALLIBLE = {
    "OpaAddPolicy": [ctypes.c_char_p, ctypes.c_char_p],
    "OpaAddData": [ctypes.c_char_p, ctypes.c_char_p],
    "OpaEvalDocument": [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int],
}


class Opa:
    """The library, with one engine in it."""

    def __init__(self, path):
        self._library = ctypes.CDLL(path)
        self._library.OpaNew.restype = ctypes.c_uint64
        self._library.OpaDestroy.argtypes = [ctypes.c_uint64]
        self._library.OpaFreeString.argtypes = [ctypes.c_void_p]
        for name, arguments in FALLIBLE.items():
            getattr(self._library, name).argtypes = [ctypes.c_uint64, *arguments]
            getattr(self._library, name).restype = ctypes.c_void_p
        self._engine = 0

    def load(self, modules, data):
        """Begin anew with these modules and data; return the answer to send."""
        if self._engine:
            self._library.OpaDestroy(self._engine)
        self._engine = self._library.OpaNew()
        said = [self._call("OpaAddPolicy", path.encode(), source.encode()) for path, source in modules.items()]
        said.append(self._call("OpaAddData", b"", json.dumps(data).encode()))
        errors = [each["error"] for each in said if each.get("error")]
        return {"error": json.dumps(errors)} if errors else {"loaded": True}

    def evaluate(self, path, text):
        """Return what the document at `data.<path>` is for one input."""
        said = self._call("OpaEvalDocument", path.encode(), text.encode(), 0, 0)
        if said.get("error"):
            return {"error": said["error"].get("message", "")[:300]}
        rows = said.get("result")
        return {"value": rows[0]["expressions"][0]["value"]} if rows else {"undefined": True}

    def _call(self, name, *arguments):
        pointer = getattr(self._library, name)(self._engine, *arguments)
        try:
            return json.loads(ctypes.string_at(pointer))
        finally:
            self._library.OpaFreeString(pointer)


def main():
    opa = Opa(sys.argv[1])
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        if "load" in asked:
            answer = opa.load(**asked["load"])
        else:
            answer = {"answers": [opa.evaluate(asked["evaluate"], text) for text in asked["inputs"]]}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
