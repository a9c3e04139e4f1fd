"""Keys, signatures and policy repositories that tests make: by OpenSSH where it has to agree, in Python where many."""

import base64
import hashlib
import subprocess
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.features.policies.git.repository import Repository

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def strings(*parts):
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def armored(blob):
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


@dataclass(frozen=True)
class Person:
    """Somebody who commits, with an Ed25519 key."""

    name: str
    key: Ed25519PrivateKey

    @property
    def email(self):
        return f"{self.name}@example.org"

    @property
    def blob(self):
        return strings(b"ssh-ed25519", self.key.public_key().public_bytes_raw())

    @property
    def public(self):
        return f"ssh-ed25519 {base64.b64encode(self.blob).decode()}"

    def line(self, options='namespaces="git" '):
        return f"{self.email} {options}{self.public}\n"

    def write(self, directory):
        """Write the private key as OpenSSH does, and return its path."""
        path = Path(directory) / f"{self.name}.key"
        path.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            )
        )
        path.chmod(0o600)
        return path

    def sign(self, message, namespace=b"git", hash_name=b"sha512"):
        """Make a signature as PROTOCOL.sshsig describes it."""
        digest = hashlib.new(hash_name.decode(), message).digest()
        signed = b"SSHSIG" + strings(namespace, b"", hash_name, digest)
        signature = strings(b"ssh-ed25519", self.key.sign(signed))
        return armored(b"SSHSIG\0\0\0\1" + strings(self.blob, namespace, b"", hash_name, signature))


def person(name):
    """A person whose key is always the same, so that a failure repeats."""
    return Person(name, Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


ALICE, BOB, MALLORY = person("alice"), person("bob"), person("mallory")


@dataclass
class Work:
    """A bare remote into which commits are written object by object, signed in Python, an hour apart."""

    remote: Path
    at: datetime = NOW - timedelta(days=30)
    trees: dict = field(default_factory=dict)
    mirrors: list = field(default_factory=list)

    def git(self, *words, given=None):
        command = ["git", "--git-dir", self.remote, "-c", "user.name=T", "-c", "user.email=t@example.org", *words]
        done = subprocess.run(command, input=given, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def head(self, branch="main"):
        path = self.remote / "refs" / "heads" / branch
        return path.read_text().strip() if path.exists() else None

    def parent(self, commit):
        return self.trees[commit][1][0]

    def commit(  # noqa: PLR0913 - what a commit has
        self, files, by=ALICE, parents=None, *, at=None, signed=True, branch="main"
    ):
        """Commit `files` (path to text; None deletes) on top of the first parent; return the commit's id."""
        parents = [each for each in [self.head(branch)] if each] if parents is None else parents
        found = dict(self.trees[parents[0]][0]) if parents else {}
        found |= files
        found = {path: text for path, text in found.items() if text is not None}
        self.at = at or self.at + timedelta(hours=1)
        commit = self.raw(self.tree(found), parents, by, self.at, signed=signed)
        self.trees[commit] = (found, parents)
        self.point(branch, commit)
        return commit

    def point(self, branch, commit):
        """Have a branch stand at a commit, wherever it stood."""
        (self.remote / "refs" / "heads" / branch).write_text(f"{commit}\n")

    def raw(  # noqa: PLR0913 - what a commit has
        self, tree, parents, by, at, *, signed=True, also=b""
    ):
        when = int(at.timestamp())
        head = f"tree {tree}\n" + "".join(f"parent {each}\n" for each in parents)
        head += f"author {by.name} <{by.email}> {when} +0000\ncommitter {by.name} <{by.email}> {when} +0000\n"
        data, rest = head.encode() + also, b"\nchange %d\n" % when
        if signed:
            signature = signed if isinstance(signed, bytes) else by.sign(data + rest)
            data += b"gpgsig " + signature.removesuffix(b"\n").replace(b"\n", b"\n ") + b"\n"
        return self.write("commit", data + rest)

    def tree(self, files):
        """Write the tree of `files`, path to text."""
        entries, folders = {}, {}
        for path, text in files.items():
            first, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(first, {})[rest] = text
            else:
                entries[first.encode()] = (b"100644", self.write("blob", text.encode()))
        for name, below in folders.items():
            entries[name.encode() + b"/"] = (b"40000", self.tree(below))
        return self.write("tree", entry_bytes(entries))

    def write(self, kind, data):
        whole = f"{kind} {len(data)}\0".encode() + data
        name = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        path = self.remote / "objects" / name[:2] / name[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(whole, 1))
        return name

    def mirror(self, place, clock=lambda: NOW):
        made = Repository(place, str(self.remote), "main", environment=ENVIRONMENT, clock=clock)
        self.mirrors.append(made)
        return made

    def close(self):
        for each in self.mirrors:
            each.close()


def entry_bytes(entries):
    """Return a tree's bytes; `entries` maps a name (a folder's with a slash) to mode and id."""
    return b"".join(
        mode + b" " + name.removesuffix(b"/") + b"\0" + bytes.fromhex(each)
        for name, (mode, each) in sorted(entries.items())
    )


def work(directory, signers=None):
    """A repository whose first commit, by Alice, allows `signers` (Alice and Bob)."""
    remote = Path(directory) / "remote.git"
    for place in ("objects", "refs/heads"):
        (remote / place).mkdir(parents=True)
    (remote / "HEAD").write_text("ref: refs/heads/main\n")
    (remote / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    made = Work(remote)
    lines = ALICE.line() + BOB.line() if signers is None else signers
    made.commit({"policies/allowed_signers": lines, "policies/data/limits.json": '{"limit": 1}\n'})
    return made
