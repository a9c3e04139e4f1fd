"""The policy repository: a mirror of one Git remote below OMEGA_DATA, read object by object, and pushed to forwards.

    policies/            what a bundle is made of; see `app.pdp.bundle`
    policies/OWNERS.yaml       who has to approve which change
    policies/allowed_signers   who may sign commits

The remote and its protected branch come from the settings alone. What is read is limited in size and number before it
is held; links and submodules have no place. Nothing here judges a commit: `verified_history` does.
"""

import fcntl
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.features.policies.errors import MovedError, NotFastForwardError, RepositoryError
from app.features.policies.git.commit_object import MAX_BYTES as MAX_COMMIT
from app.features.policies.git.commit_object import CommitObject, parse_commit
from app.features.policies.git.git_program import REMOTE_SECONDS, GitProgram, make_bare

POLICIES: Final = "policies"
"""The folder of a policy repository that holds the policies."""

MAX_FILE: Final = 1 << 20
"""Bytes: the largest file that is read; a bundle takes no larger one."""

MOST_COMMITS: Final = 200_000
"""Commits that are looked at in one call."""

_MOST_FILES: Final = 20_000
_MOST_DEPTH: Final = 16
_MAX_TREE: Final = 4 << 20
_KEPT_TREES: Final = 4_096
_ID: Final = re.compile(r"[0-9a-f]{40}", re.ASCII)
_BRANCH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*(?:[./][A-Za-z0-9][A-Za-z0-9_+-]*)*", re.ASCII)
_BLAMED: Final = re.compile(rb"([0-9a-f]{40}) [0-9]+ ([0-9]+)(?: [0-9]+)?")
_FOLDER: Final = "40000"
_FILES: Final = ("100644", "100755", "100664")
_SEEN: Final = "refs/omega/seen/"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file that differs between two commits, by its path in the repository; None: it is not there."""

    path: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlamedLine:
    """A line of a file, its number from 1, and the commit that it came with."""

    number: int
    commit: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The head of the protected branch that a fetch met, and when."""

    at: datetime
    commit: str


class Repository:
    """One mirror. Several threads may use it; they wait for each other. Every method raises `RepositoryError`."""

    def __init__(
        self, mirror: Path, url: str, branch: str, *, environment: Mapping[str, str], clock: Callable[[], datetime]
    ) -> None:
        """Bind it, and make the mirror where there is none; nothing is fetched.

        Args:
            mirror: a directory of its own.
            url: the remote, as the settings name it (`app.settings.policy_repository`).
            branch: the protected branch.
            environment: see `GitProgram`.
            clock: says when a commit was first seen.

        Raises:
            RepositoryError: the mirror cannot be made.
        """
        self.branch = _branch(branch)
        self._url, self._clock = url, clock
        self._git = GitProgram(mirror, transport=transport(url), environment=environment)
        self._turn = threading.RLock()
        self._fetching = mirror / "omega.fetching"
        self._trees: dict[str, tuple[tuple[str, str, str], ...]] = {}
        make_bare(mirror, self._git)

    def close(self) -> None:
        """Let go of Git's processes."""
        with self._turn:
            self._git.close()

    def fetch(self) -> None:
        """Bring every branch of the remote here, and remember when the protected one was first seen where it is.

        A remote on this machine has to be a bare repository; until it is asked, it may be away as any other. Of several
        processes that fetch at once, one follows the other: Git itself refuses all but one.
        """
        with self._turn, _alone(self._fetching):
            _refuse_no_bare(self._url)
            words = (
                "--quiet",
                "--prune",
                "--no-tags",
                "--no-recurse-submodules",
                "--no-write-fetch-head",
                "--no-auto-gc",
            )
            self._git.run("fetch", *words, self._url, "+refs/heads/*:refs/heads/*", seconds=REMOTE_SECONDS)
            seen = self.seen()
            head = self.head(self.branch)
            if not seen or seen[-1].commit != head:
                now = int(self._clock().timestamp())
                first = max(now, int(seen[-1].at.timestamp()) + 1) if seen else now
                self._git.run("update-ref", f"{_SEEN}{first:012}", head, "0" * 40)

    def seen(self) -> Sequence[Seen]:
        """Return the heads of the protected branch that fetches met, the oldest first."""
        listed = self._lines("for-each-ref", "--sort=refname", "--format=%(refname) %(objectname)", _SEEN)
        found = (line.removeprefix(_SEEN).partition(" ") for line in listed)
        return [Seen(at=datetime.fromtimestamp(int(at), UTC), commit=commit) for at, _, commit in found]

    def head(self, branch: str) -> str:
        """Return the commit that a branch of the remote stood at when it was last fetched."""
        name = f"refs/heads/{_branch(branch)}"
        found = self._lines("for-each-ref", "--format=%(objectname) %(refname)", name)
        for line in found:
            commit, _, ref = line.partition(" ")
            if ref == name:
                return _id(commit)
        raise RepositoryError("the repository has no such branch")

    def branches(self) -> Mapping[str, str]:
        """Return the head of every branch by its name."""
        listed = self._lines("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/")
        return {ref.removeprefix("refs/heads/"): commit for commit, _, ref in (line.partition(" ") for line in listed)}

    def commit(self, commit: str) -> CommitObject:
        """Return one commit.

        Raises:
            MalformedCommitError: it says something that two readers could read differently.
        """
        with self._turn:
            found = parse_commit(self._git.content("commit", _id(commit), MAX_COMMIT))
        if found.id != commit:
            raise RepositoryError("the mirror is damaged: a commit is not what its id says")
        return found

    def commits(self, since: str | None, until: str) -> Sequence[CommitObject]:
        """Return `until` and what it is made of, without `since` and what that is made of; parents come first."""
        without = [] if since is None else [f"^{_id(since)}"]
        words = ("--topo-order", "--reverse", f"--max-count={MOST_COMMITS + 1}")
        names = self._lines("rev-list", *words, _id(until), *without, "--")
        if len(names) > MOST_COMMITS:
            raise RepositoryError(f"there are more than {MOST_COMMITS} new commits")
        return [self.commit(name) for name in names]

    def is_ancestor(self, before: str, after: str) -> bool:
        """Tell whether `after` is `before`, or was made from it; False where `before` is not there."""
        with self._turn:
            if not self._git.holds(_id(before)):
                return False
        return not self._lines("rev-list", "--max-count=1", _id(before), f"^{_id(after)}", "--")

    def tree_id(self, commit: str) -> str:
        """Return the id of the whole tree of a commit: what an approval is bound to."""
        return self.commit(commit).tree

    def tree(self, commit: str) -> Mapping[str, bytes]:
        """Return the files of the folder `policies/` at a commit, by their paths below it; nothing without it."""
        return {path: self.blob(name) for path, name in sorted(self._files(self._policies(commit)))}

    def file(self, commit: str, path: str) -> bytes | None:
        """Return the bytes of one file at a commit, by its path in the repository; None: there is none."""
        name = self.blob_id(self.tree_id(commit), path)
        return None if name is None else self.blob(name)

    def blob_id(self, tree: str, path: str) -> str | None:
        """Return the id of the blob at `path` in the tree of a commit: equal ids, equal bytes; None: there is none."""
        *folders, last = path.split("/")
        for folder in folders:
            below = next((each[2] for each in self._entries(tree) if each[:2] == (_FOLDER, folder)), None)
            if below is None:
                return None
            tree = below
        return next((name for mode, entry, name in self._entries(tree) if entry == last and mode in _FILES), None)

    def blob(self, name: str) -> bytes:
        """Return the bytes of a blob by its id."""
        with self._turn:
            return self._git.content("blob", _id(name), MAX_FILE)

    def diff(self, base: str, head: str) -> Sequence[FileChange]:
        """Return the files that differ between two commits, in the whole repository, by path."""
        before, after = (dict(self._files(self.tree_id(commit))) for commit in (base, head))
        paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        return [
            FileChange(path=path, before=self._maybe(before.get(path)), after=self._maybe(after.get(path)))
            for path in paths
        ]

    def history(self, commit: str, path: str = POLICIES, most: int = 100) -> Sequence[CommitObject]:
        """Return the newest commits that changed a path of the repository, the newest first, at most `most`."""
        words = (f"--max-count={int(most)}", _id(commit), "--", path)
        return [self.commit(name) for name in self._lines("rev-list", *words)]

    def blame(self, commit: str, path: str) -> Sequence[BlamedLine]:
        """Return which commit each line of a file came with."""
        if (data := self.file(commit, path)) is None:
            raise RepositoryError("there is no such file at this commit")
        told = self._git_turn("blame", "--porcelain", _id(commit), "--", path)
        lines = data.decode(errors="replace").splitlines()
        heads = (found for line in told.split(b"\n") if (found := _BLAMED.fullmatch(line)))
        by_number = {int(found[2]): found[1].decode() for found in heads}
        return [
            BlamedLine(number=number, commit=by_number.get(number, commit), text=text)
            for number, text in enumerate(lines, 1)
        ]

    def push_fast_forward(self, commit: str, expected_head: str) -> None:
        """Have the protected branch of the remote go on from `expected_head` to `commit`; never force it.

        Raises:
            NotFastForwardError: `commit` was not made from `expected_head`.
            MovedError: the branch stands elsewhere.
        """
        if not self.is_ancestor(expected_head, commit):
            raise NotFastForwardError(
                "the commit was not made from the head of the branch; bring the branch into it first"
            )
        name = f"refs/heads/{self.branch}"
        with self._turn:
            told = self._git.run("ls-remote", "--refs", self._url, name, seconds=REMOTE_SECONDS).decode()
            if told.split("\t")[0] != expected_head:
                raise MovedError("the branch does not stand where it did any more; look at what came in between")
            try:
                self._git.run(
                    *("push", "--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"),
                    *(self._url, f"{_id(commit)}:{name}"),
                    seconds=REMOTE_SECONDS,
                )
            except RepositoryError as error:
                if any(word in str(error) for word in ("[rejected]", "cannot lock ref")):
                    raise MovedError("the branch moved while it was pushed to; look at what came in between") from None
                raise
        self.fetch()

    def _git_turn(self, *words: str) -> bytes:
        with self._turn:
            return self._git.run(*words)

    def _lines(self, *words: str) -> list[str]:
        return self._git_turn(*words).decode(errors="replace").splitlines()

    def _maybe(self, name: str | None) -> bytes | None:
        return None if name is None else self.blob(name)

    def _policies(self, commit: str) -> str | None:
        found = (
            name for mode, entry, name in self._entries(self.tree_id(commit)) if (mode, entry) == (_FOLDER, POLICIES)
        )
        return next(found, None)

    def _files(self, tree: str | None) -> Iterator[tuple[str, str]]:
        """Yield path and blob of every file below a tree; what is too many, too deep or no file is refused."""
        waiting = [] if tree is None else [("", tree, 0)]
        count = 0
        while waiting:
            before, name, depth = waiting.pop()
            if depth > _MOST_DEPTH:
                raise RepositoryError(f"folders of a policy repository lie at most {_MOST_DEPTH} deep")
            for mode, entry, below in self._entries(name):
                count += 1
                if count > _MOST_FILES:
                    raise RepositoryError(f"a policy repository has at most {_MOST_FILES} files and folders")
                if mode == _FOLDER:
                    waiting.append((f"{before}{entry}/", below, depth + 1))
                elif mode in _FILES:
                    yield f"{before}{entry}", below
                else:
                    raise RepositoryError("a policy repository holds files alone, neither links nor submodules")

    def _entries(self, tree: str) -> tuple[tuple[str, str, str], ...]:
        """Return mode, name and id of what stands in one tree."""
        with self._turn:
            if tree not in self._trees:
                if len(self._trees) >= _KEPT_TREES:
                    self._trees.clear()
                self._trees[tree] = tuple(_parse_tree(self._git.content("tree", tree, _MAX_TREE)))
            return self._trees[tree]


def transport(url: str) -> str:
    """Return by which transport of Git a remote of the settings is reached."""
    if url.startswith("https://"):
        return "https"
    return "file" if url.startswith(("/", "file://")) else "ssh"


def _parse_tree(data: bytes) -> Iterator[tuple[str, str, str]]:
    while data:
        head, mark, rest = data.partition(b"\0")
        mode, space, name = head.partition(b" ")
        if not mark or not space or len(rest) < 20:  # noqa: PLR2004 - bytes of an id
            raise RepositoryError("a tree of the repository is damaged")
        try:
            yield mode.decode("ascii"), name.decode(), rest[:20].hex()
        except UnicodeDecodeError:
            raise RepositoryError("a name in the repository is not UTF-8") from None
        data = rest[20:]


def _refuse_no_bare(url: str) -> None:
    if transport(url) == "file":
        place = Path(url.removeprefix("file://"))
        if not (place / "HEAD").is_file() or not (place / "objects").is_dir():
            raise RepositoryError(
                "there is no bare repository where OMEGA_POLICY_REPOSITORY says: `git init --bare` makes one"
            )


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise RepositoryError("a commit is named by 40 hexadecimal digits")
    return text


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process fetches; a lock ends with whoever holds it."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise RepositoryError(f"the mirror cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _branch(text: str) -> str:
    if not _BRANCH.fullmatch(text) or text.endswith(".lock"):
        raise RepositoryError("this is no name of a branch")
    return text
