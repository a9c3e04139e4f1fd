"""Every key that a node of a test ever had, and where else it stands; and what its processes may dump."""

import re
from base64 import b64decode, b64encode
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.db import open_engine
from app.kek_opening import open_keks
from app.privacy.keks import Keks
from app.privacy.rows import RETIRED_KEY, SUBJECT_KEY
from tests.pdp.evaluating import children


class OwnKeys:
    """Every key that a node ever had, as long as it had it."""

    def __init__(self, settings):
        self._settings = settings
        self.keys = {}
        self.look()

    @property
    def kinds(self):
        """Return of which kinds there were any."""
        return {re.split("[ _]", name)[0] for name in self.keys}

    def look(self):
        """Take down what there is now."""
        settings = self._settings
        keks = open_keks(settings)
        self.keys |= {f"generation {number}": bytes(key) for number, key in keks.load().items()}
        for path in settings.keys.iterdir():
            if path.suffix == ".key" and not path.name.startswith("kek-"):
                self.keys[path.name] = secret(path.read_bytes())
        engine = open_engine(settings.key_store)
        with engine.begin() as connection:
            held = Keks(keks.load)
            for table in (SUBJECT_KEY, RETIRED_KEY):
                for row in connection.execute(table.select()).mappings():
                    self.keys[row["kid"]] = bytes(held.unwrap(row))
        engine.dispose()

    def found(self, data):
        """Return which of them stand in `data`, in any form that somebody would write one in."""
        return sorted(name for name, key in self.keys.items() if any(form in data for form in forms(key)))


def secret(data):
    if b"PRIVATE KEY" in data:
        return load_pem_private_key(data, None).private_bytes_raw()
    return b64decode(data)


def forms(key):
    """Return a key as bytes, in hex, as Python shows it, and in base64 wherever in a longer text it begins."""
    yield from (key, key.hex().encode(), key.hex().upper().encode(), repr(key)[2:-1].encode(), str(list(key)).encode())
    for before in range(3):
        text = b64encode(bytes(before) + key)[(0, 2, 3)[before] :]
        inner = text.rstrip(b"=")[:-1]
        yield from (inner, inner.replace(b"+", b"-").replace(b"/", b"_"))


def core_limits(pid):
    """Return of a process and its descendants, by what each runs, the most that its core dump may have."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    (limit,) = re.findall(r"Max core file size +(\S+) +(\S+)", Path(f"/proc/{pid}/limits").read_text())
    found = {command[2].decode(): limit}
    for child in children(pid):
        found |= core_limits(child)
    return found
