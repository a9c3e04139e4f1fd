"""How long a policy repository takes to be fetched, verified and read: `python -m bench.policy_repository`.

Makes a bare repository of 1,000 policies (each with contract and tests) and 10,000 signed commits by two persons, or as
many as it is told (`python -m bench.policy_repository 100 1000`). Does to it, in a process of its own, what activation
and a scan for drift do: the first fetch, the verification of the whole history, one reading of the tree and its digest;
and then the same again when nothing is new, and after ten commits more. Says seconds, and the most memory that this
process took, and Git beside it.
"""

import base64
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.features.policies.git.repository import Repository
from app.features.policies.git.verified_history import verify

_VERBS: Final = 25  # of each feature
_BEGUN: Final = datetime(2024, 1, 1, tzinfo=UTC)
_REGO: Final = """package f{feature}.a{verb}

import rego.v1

import data.lib.gates

required := {{"small"}}

# METADATA
# title: the amount is below {limit}
# custom: {{severity: high, enforcement: blocking, controls: [soc2/CC8.1]}}
passed contains "small" if input.resource.properties.amount < {limit}

decision := gates.decision("f{feature}.a{verb}", required, passed, [])
"""


class _Remote:
    """A bare repository written object by object."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("objects", "refs/heads"):
            (path / name).mkdir(parents=True)
        (path / "HEAD").write_text("ref: refs/heads/main\n")
        (path / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
        self._keys = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2)]
        self._files: dict[int, dict[str, tuple[str, str]]] = {}
        self._folders: dict[int, str] = {}
        self._limits: dict[int, int] = {}
        self._count, self._head = 0, ""

    def write(self, kind: str, data: bytes) -> str:
        """Write one object."""
        whole = f"{kind} {len(data)}\0".encode() + data
        name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        path = self.path / "objects" / name[:2] / name[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(whole, 1))
        return name

    def tree(self, entries: Mapping[str, tuple[str, str]]) -> str:
        """Write a tree; entries are modes and ids by name."""
        named = sorted(entries.items(), key=lambda each: each[0] + ("/" if each[1][0] == "40000" else ""))
        return self.write(
            "tree", b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(each) for name, (mode, each) in named)
        )

    def change(self, number: int) -> None:
        """Give one policy another limit."""
        limit = self._limits[number] = self._limits.get(number, 99) + 1
        feature, verb = divmod(number, _VERBS)
        texts = {
            f"a{verb}.rego": _REGO.format(feature=feature, verb=verb, limit=limit),
            f"a{verb}_test.rego": f"package f{feature}.a{verb}_test\n\nlimit := {limit}\n" + "# a test\n" * 40,
            f"a{verb}.schema.json": f'{{"title": "Facts of f{feature}.a{verb}"}}\n' + " " * 1_500,
        }
        files = self._files.setdefault(feature, {})
        files |= {name: ("100644", self.write("blob", text.encode())) for name, text in texts.items()}
        self._folders[feature] = self.tree(files)

    def commit(self) -> None:
        """Commit what was changed, signed by one of two."""
        lines = "".join(f"p{n}@example.org ssh-ed25519 {_text(_blob(key))}\n" for n, key in enumerate(self._keys))
        rego = self.tree({f"f{number}": ("40000", name) for number, name in self._folders.items()})
        signers = self.write("blob", lines.encode())
        policies = self.tree({"rego": ("40000", rego), "allowed_signers": ("100644", signers)})
        tree = self.tree({"policies": ("40000", policies)})
        who = f"P <p@example.org> {int((_BEGUN + timedelta(minutes=self._count)).timestamp())} +0000"
        parent = f"parent {self._head}\n" if self._head else ""
        head, message = f"tree {tree}\n{parent}author {who}\ncommitter {who}\n", f"\nchange {self._count}\n"
        signature = _signed(self._keys[self._count % 2], f"{head}{message}".encode()).replace("\n", "\n ")
        self._head = self.write("commit", f"{head}gpgsig {signature}\n{message}".encode())
        self._count += 1
        (self.path / "refs" / "heads" / "main").write_text(f"{self._head}\n")


def _blob(key: Ed25519PrivateKey) -> bytes:
    return _strings(b"ssh-ed25519", key.public_key().public_bytes_raw())


def _strings(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _signed(key: Ed25519PrivateKey, data: bytes) -> str:
    signed = b"SSHSIG" + _strings(b"git", b"", b"sha512", hashlib.sha512(data).digest())
    inner = _strings(b"ssh-ed25519", key.sign(signed))
    body = _text(b"SSHSIG\0\0\0\1" + _strings(_blob(key), b"git", b"", b"sha512", inner))
    return f"-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----"


def _pack(remote: Path) -> None:
    subprocess.run(["git", "--git-dir", remote, "repack", "-adq"], check=True)  # noqa: S603, S607


def _measure(directory: Path, *words: str) -> None:
    """Do the work of a scan in a process of its own."""
    command = [sys.executable, "-m", "bench.policy_repository", "--measure", str(directory), *words]
    subprocess.run(command, check=True)  # noqa: S603


def _work(directory: Path, label: str, since: str) -> None:
    environment = {"PATH": os.environ["PATH"]}
    now = _BEGUN + timedelta(days=365)
    repository = Repository(
        directory / "mirror.git", str(directory / "remote.git"), "main", environment=environment, clock=lambda: now
    )
    begun = time.perf_counter()
    repository.fetch()
    fetched = time.perf_counter()
    head = repository.head("main")
    commits = verify(repository, since or None, head, now)
    verified = time.perf_counter()
    files = repository.tree(head)
    listing = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    digest = hashlib.sha256(listing.encode()).hexdigest()
    read = time.perf_counter()
    repository.close()
    own, gits = (resource.getrusage(who).ru_maxrss >> 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(
        f"{label:12} fetch {fetched - begun:6.2f} s  verify {len(commits):6} commits {verified - fetched:6.2f} s  "
        f"read {len(files)} files {read - verified:5.2f} s  memory {own} MiB, Git's {gits} MiB  ({digest[:8]})"
    )
    (directory / "head").write_text(head)


def main() -> None:
    """Make the repository, and measure."""
    if sys.argv[1:2] == ["--measure"]:
        _work(Path(sys.argv[2]), sys.argv[3], sys.argv[4])
        return
    policies, commits = (int(word) for word in sys.argv[1:3] or ("1000", "10000"))
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        remote = _Remote(directory / "remote.git")
        for number in range(policies):
            remote.change(number)
        remote.commit()
        for number in range(1, commits):
            remote.change(number % policies)
            remote.commit()
        _pack(remote.path)
        print(f"{policies} policies, {commits} commits by two signers")
        _measure(directory, "first", "")
        head = (directory / "head").read_text()
        _measure(directory, "nothing new", head)
        for number in range(10):
            remote.change(number)
            remote.commit()
        _measure(directory, "ten more", head)


if __name__ == "__main__":
    main()
