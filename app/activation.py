"""Which bundle is in force: admitted, kept under its digest, and named by one small file that workers watch.

Bundles are never deleted here: a decision can be decided again only with the bundle that decided it.
"""

import json
import os
import re
import secrets
from pathlib import Path

from git import GitError, ODBError, Repo

from app.pdp.admission_process import admit_apart, compare_apart
from app.pdp.bundle import Bundle, load
from app.pdp.errors import BundleError, EngineError
from app.pdp.opa import Second
from app.pdp.second_opinion import Opinion

_ACTIVE = "active"
_DIGEST = re.compile("[0-9a-f]{64}")


def activate(policies: Path, bundles: Path, second: Second | None = None) -> Bundle:
    """Admit the policies of a directory and put them in force, once `second`, where there is one, agrees.

    Raises:
        BundleError: they are not admitted, or the second opinion differs; what was in force before stays.
    """
    bundle = read(policies)
    admit_apart(bundle)
    agreed = None if second is None or _known(bundle, bundles, second) else compare_apart(bundle, second)
    bundles.mkdir(mode=0o700, parents=True, exist_ok=True)
    _replace(snapshot_path(bundles, bundle.digest), bundle.snapshot())
    if agreed is not None:
        _replace(_opinion_path(bundles, bundle.digest), json.dumps({"second_opinion": agreed.document()}).encode())
    _replace(bundles / _ACTIVE, bundle.digest.encode())
    return bundle


def second_opinion(bundles: Path, digest: str) -> Opinion | None:
    """Return what a second engine said of a bundle when it was put in force; None: nobody was asked."""
    try:
        return Opinion(**json.loads(_opinion_path(bundles, digest).read_bytes())["second_opinion"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _known(bundle: Bundle, bundles: Path, second: Second) -> bool:
    """Tell whether the same two engines agreed on this bundle before, so that a start need not wait for it again."""
    before = second_opinion(bundles, bundle.digest)
    try:
        asked = (second.name(), bundle.engine)
    except EngineError:
        return False  # who asks now says why nobody answers
    return before is not None and (before.engine, before.here) == asked and before.inputs >= second.inputs


def read(policies: Path) -> Bundle:
    """Return the bundle of a directory, not yet admitted.

    Raises:
        BundleError: it is none.
    """
    return load(policies, revision(policies))


def active(bundles: Path) -> Path:
    """Return the path of the snapshot in force.

    Raises:
        BundleError: nothing was put in force yet.
    """
    try:
        digest = (bundles / _ACTIVE).read_bytes().decode()
    except OSError as error:
        raise BundleError(f"{bundles.name}/{_ACTIVE}:1:1: no policies are in force; start `omega serve`") from error
    except UnicodeDecodeError:
        digest = ""
    if not _DIGEST.fullmatch(digest):
        raise BundleError(f"{bundles.name}/{_ACTIVE}:1:1: no digest of a bundle; write it with `omega policy reload`")
    return snapshot_path(bundles, digest)


def snapshot_path(bundles: Path, digest: str) -> Path:
    """Return where the bundle of `digest` is kept."""
    return bundles / f"{digest}.json"


def _opinion_path(bundles: Path, digest: str) -> Path:
    return bundles / f"{digest}.opinion"


def revision(policies: Path) -> str:
    """Return the Git commit of a directory, `+dirty` where files differ from it; `unversioned` where Git cannot say."""
    try:
        with Repo(policies, search_parent_directories=True) as repository:
            dirty = repository.is_dirty(untracked_files=True, path=str(policies))
            return f"git:{repository.head.commit.hexsha}{'+dirty' if dirty else ''}"
    except (GitError, ODBError, OSError, ValueError):
        return "unversioned"


def _replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` whole or not at all."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
