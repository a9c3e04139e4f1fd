"""Which bundle is in force: admitted, kept under its digest, and named by one small file that workers watch.

Bundles are never deleted here: a decision can be decided again only with the bundle that decided it.
"""

import os
import re
import secrets
from pathlib import Path

from git import GitError, ODBError, Repo

from app.pdp.admission_process import admit_apart
from app.pdp.bundle import Bundle, load
from app.pdp.errors import BundleError

_ACTIVE = "active"
_DIGEST = re.compile("[0-9a-f]{64}")


def activate(policies: Path, bundles: Path) -> Bundle:
    """Admit the policies of a directory and put them in force.

    Raises:
        BundleError: they are not admitted; what was in force before stays.
    """
    bundle = read(policies)
    admit_apart(bundle)
    bundles.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace(snapshot_path(bundles, bundle.digest), bundle.snapshot())
    replace(bundles / _ACTIVE, bundle.digest.encode())
    return bundle


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


def revision(policies: Path) -> str:
    """Return the Git commit of a directory, `+dirty` where files differ from it; `unversioned` where Git cannot say."""
    try:
        with Repo(policies, search_parent_directories=True) as repository:
            dirty = repository.is_dirty(untracked_files=True, path=str(policies))
            return f"git:{repository.head.commit.hexsha}{'+dirty' if dirty else ''}"
    except (GitError, ODBError, OSError, ValueError):
        return "unversioned"


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` whole or not at all, and on disk.

    Raises:
        OSError: it cannot be written; what stood there stays.
    """
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
