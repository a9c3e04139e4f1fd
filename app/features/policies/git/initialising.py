"""A new policy repository: the policies of a directory, who has to approve what, who may sign, and a first commit.

Makes files and one commit; what they say is for people to change. Knows nothing of what is in force.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.features.policies.errors import RepositoryError, SignatureError, SignersError
from app.features.policies.git.allowed_signers import format_signer, parse_public_key
from app.features.policies.git.git_program import GitProgram
from app.features.policies.git.repository import POLICIES
from app.features.policies.git.ssh_signature import SshKey
from app.pdp.bundle import load

_SIGNER: Final = re.compile(r"([^<>\n\"]{1,100}?) +<([^<>\s]+)> +([a-z0-9@.-]+ +[A-Za-z0-9+/=]+)(?: .*)?")
_OWNERS: Final = """\
# Who has to approve a change of which paths. Of the entries that match a path the last one counts.
owners:
  - paths: ["**"]
    roles: [ciso, compliance_officer, security_officer]
    quorum: 2
    distinct_roles: 2

# The names of one person on one line, the first of them the id at the identity provider: without it nobody could tell
# an author from an approver.
people:{people}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSigner:
    """Who may sign from the beginning."""

    name: str
    email: str
    key: SshKey


def parse_signer(text: str) -> FirstSigner:
    """Return who `Name <address> type base64` is.

    Raises:
        SignersError: it has another form, or the key is none that counts.
    """
    found = _SIGNER.fullmatch(text.strip())
    if found is None:
        raise SignersError("a signer is `Name <address> key`, the key as it stands in a `.pub` file")
    try:
        return FirstSigner(name=found[1].strip(), email=found[2], key=parse_public_key(found[3]))
    except SignatureError as error:
        raise SignersError(f"the key of a signer cannot be used: {error}") from None


def initialise(
    directory: Path,
    policies: Path,
    signers: Sequence[FirstSigner],
    *,
    key: Path | None,
    environment: Mapping[str, str],
) -> str | None:
    """Make a policy repository in `directory`, and return its first commit, or None where nobody could sign it.

    Args:
        directory: where; it may be there already, empty.
        policies: the policies to begin with.
        signers: who may sign.
        key: the private key of the first of them, as `ssh-keygen` made it; it signs the first commit.
        environment: see `GitProgram`.

    Raises:
        BundleError: `policies` are none.
        SignersError: a signer cannot be written down, or `key` is not the first one's.
        RepositoryError: `directory` is not empty, or Git does not do it.
        OSError: the files cannot be written.
    """
    bundle = load(policies, "unversioned")
    lines = "".join(format_signer(each.email, each.key) for each in signers)
    if key is not None and (not signers or _public(key) != signers[0].key):
        raise SignersError("the first commit is signed by the first signer: name one, whose private key this is")
    if directory.exists() and any(directory.iterdir()):
        raise RepositoryError(f"`{directory}` is not empty")
    for path, text in bundle.files.items():
        _write(directory / POLICIES / path, text)
    _write(directory / POLICIES / "OWNERS.yaml", _owners(policies, signers))
    _write(directory / POLICIES / "allowed_signers", lines)
    return _commit(directory.absolute(), signers, key, environment)


def _commit(
    directory: Path, signers: Sequence[FirstSigner], key: Path | None, environment: Mapping[str, str]
) -> str | None:
    program = GitProgram(directory / ".git", transport="file", environment=environment)
    tree = f"--work-tree={directory}"
    program.run("init", "--quiet", "--template=", "--initial-branch=main", str(directory))
    for name, value in (
        ("core.bare", "false"),
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("gpg.ssh.allowedSignersFile", str(directory / POLICIES / "allowed_signers")),
    ):
        program.run("config", name, value)
    program.run(tree, "add", "--all", str(directory / POLICIES))
    if key is None:
        return None
    who = (f"user.name={signers[0].name}", f"user.email={signers[0].email}", f"user.signingKey={key.absolute()}")
    settings = [word for setting in who for word in ("-c", setting)]
    program.run(*settings, tree, "commit", "--quiet", "--gpg-sign", "--message", "Begin with the policies as shipped")
    return program.run("rev-parse", "HEAD").decode().strip()


def _owners(policies: Path, signers: Sequence[FirstSigner]) -> str:
    """Return the file that lies beside the policies, or one to begin with."""
    shipped = policies / "OWNERS.yaml"
    if shipped.is_file():
        return shipped.read_text("utf-8")
    people = "".join(f"\n  - [{each.email}]" for each in signers) or " []"
    return _OWNERS.format(people=people)


def _public(key: Path) -> SshKey:
    """Return the public half that lies beside a private key."""
    try:
        return parse_public_key(key.with_name(f"{key.name}.pub").read_text("ascii"))
    except (OSError, UnicodeDecodeError, SignatureError):
        raise SignersError(f"`{key}.pub` is no public key; `ssh-keygen` makes it beside the private one") from None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
