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
from app.pdp.admitted import admitter
from app.pdp.bundle import Bundle, load, load_snapshot
from app.pdp.errors import BundleError, EngineError
from app.pdp.opa import Second
from app.pdp.second_opinion import Opinion
from app.settings import Settings

_ACTIVE = "active"
_DIGEST = re.compile("[0-9a-f]{64}")


def activate(policies: Path, bundles: Path, opa: Second | None = None) -> Bundle:
    """Admit the policies of a directory and put them in force, once `opa`, where there is one, agrees.

    Raises:
        BundleError: they are not admitted, or the second opinion differs; what was in force before stays.
    """
    bundle = keep(read(policies), bundles, opa)
    put_in_force(bundle.digest, bundles)
    return bundle


def begin(settings: Settings) -> Bundle:
    """Have policies in force at a start: those of the directory, or, once some came from Git, those in force before.

    Raises:
        BundleError: they are not admitted (any more).
    """
    if settings.policy_repository is not None and (settings.bundles / _ACTIVE).exists():
        try:
            bundle = load_snapshot(active(settings.bundles))
        except OSError as error:
            raise BundleError(
                f"{settings.bundles.name}:1:1: what was in force cannot be read: {error.strerror}"
            ) from error
        return keep(bundle, settings.bundles, second(settings))
    return activate(settings.policies, settings.bundles, second(settings))


def put_in_force(digest: str, bundles: Path) -> None:
    """Have every worker take over the bundle of `digest`, which is kept, within a second.

    Raises:
        OSError: the disk does not take it; what was in force stays.
    """
    replace_file(bundles / _ACTIVE, digest.encode())


def second(settings: Settings) -> Second | None:
    """Return whom to ask before policies are put in force, if anybody is there."""
    if settings.opa is None:
        return None
    return Second(engine=settings.opa, inputs=settings.opinion_inputs, seconds=settings.opinion_seconds)


def keep(bundle: Bundle, bundles: Path, opa: Second | None = None) -> Bundle:
    """Admit a bundle, and keep it under its digest, in force for nobody yet, once `opa` agrees.

    What the same program admitted before, byte for byte, with the same engine, it does not try again.

    Raises:
        BundleError: it is not admitted, or the second opinion differs.
    """
    by = admitter(bundle.engine)
    if not _admitted(bundle, bundles, by):
        admit_apart(bundle)
    agreed = None if opa is None or _known(bundle, bundles, opa) else compare_apart(bundle, opa)
    bundles.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(snapshot_path(bundles, bundle.digest), bundle.snapshot())
    replace_file(admission_path(bundles, bundle.digest), by.encode())
    if agreed is not None:
        replace_file(_opinion_path(bundles, bundle.digest), json.dumps({"second_opinion": agreed.document()}).encode())
    return bundle


def second_opinion(bundles: Path, digest: str) -> Opinion | None:
    """Return what a second engine said of a bundle when it was put in force; None: nobody was asked."""
    try:
        return Opinion(**json.loads(_opinion_path(bundles, digest).read_bytes())["second_opinion"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _admitted(bundle: Bundle, bundles: Path, by: str) -> bool:
    try:
        return admission_path(bundles, bundle.digest).read_bytes() == by.encode()
    except OSError:
        return False


def _known(bundle: Bundle, bundles: Path, asked: Second) -> bool:
    """Tell whether the same two engines agreed on this bundle before, so that a start need not wait for it again."""
    before = second_opinion(bundles, bundle.digest)
    try:
        engines = (asked.name(), bundle.engine)
    except EngineError:
        return False  # who asks now says why nobody answers
    return before is not None and (before.engine, before.here) == engines and before.inputs >= asked.inputs


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
    if not is_digest(digest):
        raise BundleError(f"{bundles.name}/{_ACTIVE}:1:1: no digest of a bundle; write it with `omega policy reload`")
    return snapshot_path(bundles, digest)


def is_digest(text: str) -> bool:
    """Tell whether this is the digest of a bundle, and so a name of a file and nothing else."""
    return _DIGEST.fullmatch(text) is not None


def snapshot_path(bundles: Path, digest: str) -> Path:
    """Return where the bundle of `digest` is kept."""
    return bundles / f"{digest}.json"


def admission_path(bundles: Path, digest: str) -> Path:
    """Return where it stands which program admitted the bundle of `digest`."""
    return bundles / f"{digest}.admitted"


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


def replace_file(path: Path, data: bytes) -> None:
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
