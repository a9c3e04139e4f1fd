"""What logs and witnesses say to each other: C2SP tlog-witness, `add-checkpoint`, both sides of it.

`AddCheckpoint` is what a log sends. `judge` is what a witness concludes from it, pure: where it keeps what it has
seen, and how it makes sure that two requests do not pass each other, is its own business.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from evidence import checkpoint, cosignature
from evidence.authority import Post
from evidence.checkpoint import Checkpoint
from evidence.cosignature import WitnessKey
from evidence.errors import (
    AnchorError,
    AuthorityError,
    ForkedLogError,
    InconsistentLogError,
    MalformedError,
    ProofError,
    SignatureError,
    UnknownLogError,
    UntrustedLogError,
    WitnessConflictError,
)
from evidence.growth import format_proof, parse_proof, verify_growth
from evidence.keys import VerifierKey
from evidence.note import MAX_NOTE, Note
from evidence.tree import EMPTY_ROOT

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MAX_REQUEST = MAX_NOTE + 4_096  # bytes: a note, 63 hashes, a size
MAX_ANSWER = 1 << 14  # bytes
_MOST_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckpoint:
    """A request to cosign: the size the witness has seen, the proof from there, and the signed checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    def format(self) -> bytes:
        """Return the body of the request."""
        return f"old {self.old_size}\n{format_proof(self.proof)}\n".encode() + self.note

    @classmethod
    def parse(cls, data: bytes) -> "AddCheckpoint":
        """Read the body of a request; the note is not looked at.

        Raises:
            MalformedError: it is none, or has more than 63 hashes.
        """
        if len(data) > MAX_REQUEST:
            raise MalformedError(f"request is larger than {MAX_REQUEST} bytes")
        head, gap, note = data.partition(b"\n\n")
        first, _, proof = (head + b"\n").partition(b"\n")
        if not gap or not first.startswith(b"old "):
            raise MalformedError("not an `old` line, a proof, an empty line and a checkpoint")
        return cls(
            old_size=checkpoint.decimal(first.removeprefix(b"old ").decode("ascii", errors="replace")),
            proof=parse_proof(proof),
            note=note,
        )


def nothing_seen(origin: str) -> Checkpoint:
    """Return what a witness has seen of a log before its first checkpoint: the empty tree."""
    return Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)


def judge(request: AddCheckpoint, keys: Iterable[VerifierKey], seen: Checkpoint, signed: Note) -> Checkpoint:
    """Return the head that a witness may cosign and has to keep before it says so.

    The order of the checks is that of the specification.

    Args:
        request: what the log sent.
        keys: which the witness trusts for this origin.
        seen: the newest head it has cosigned.
        signed: the request's note, parsed.

    Raises:
        UntrustedLogError: none of `keys` signed it (403).
        MalformedError: the tree is smaller than the size it is said to continue (400).
        WitnessConflictError: the request does not start from `seen` (409).
        ForkedLogError: it is another tree of the same size (409).
        InconsistentLogError: the proof does not lead from `seen` to the tree (422).
    """
    head = origin_and_tree(signed.text)
    if not any(_signed_by(signed, key) for key in keys):
        raise UntrustedLogError(f"no key that is trusted for `{head.origin}` signed the checkpoint")
    if request.old_size > head.size:
        raise MalformedError("the old size is larger than the checkpoint's")
    if request.old_size != seen.size:
        raise WitnessConflictError(seen.size)
    if head.size == seen.size and head.root != seen.root:
        raise ForkedLogError(f"`{head.origin}` shows another root of size {head.size} than the one cosigned")
    try:
        verify_growth(seen, head, request.proof)
    except ProofError as error:
        raise InconsistentLogError(f"`{head.origin}` does not continue its tree of {seen.size}: {error}") from error
    return head


def origin_and_tree(text: str) -> Checkpoint:
    """Return the first three lines of a checkpoint's text; other logs than ours may have extension lines behind.

    Raises:
        MalformedError: it is none.
    """
    lines = text.split("\n")
    if "" in lines[3:-1]:
        raise MalformedError("an extension line is empty")
    return Checkpoint.parse("\n".join([*lines[:3], ""]))


def submit(request: AddCheckpoint, url: str, key: WitnessKey, post: Post) -> bytes:
    """Ask the witness `key` at `url` (its submission prefix) to cosign; return its cosignature line, checked.

    Raises:
        WitnessConflictError: it has seen another size; ask again from there.
        UnknownLogError: it does not know the log.
        UntrustedLogError: it does not know the key that signed.
        ForkedLogError: it has cosigned another root of this size.
        InconsistentLogError: it does not believe that the tree continues the one it has seen.
        AuthorityError: it did not answer, or answered something else.
        AnchorError: it answered, and the cosignature is not its own.
    """
    answer = post(url.rstrip("/") + PATH, request.format(), content_type="text/plain", limit=MAX_ANSWER)
    match answer.status:
        case 200:
            return _own_line(answer.body, Note.parse(request.note).text, key)
        case 403:
            raise UntrustedLogError(f"the witness {key.name} does not trust the key that signed the checkpoint")
        case 404:
            raise UnknownLogError(f"the witness {key.name} does not know this log")
        case 409 if answer.content_type == SIZE_TYPE:
            raise WitnessConflictError(_size(answer.body))
        case 409:
            raise ForkedLogError(f"the witness {key.name} has cosigned another root of this size")
        case 422:
            raise InconsistentLogError(f"the witness {key.name} does not find the tree to continue the one it has seen")
        case status:
            raise AuthorityError(f"the witness {key.name} answered {status}")


def _own_line(body: bytes, text: str, key: WitnessKey) -> bytes:
    """Return the line of `key`; lines of keys that are not known are ignored."""
    for line in body.splitlines(keepends=True):
        try:
            cosignature.verify(line, text, key)
        except MalformedError:
            continue  # of another type, perhaps
        except AnchorError:
            found = cosignature.parse(line)
            if (found.name, found.key_id) == (key.name, key.id):
                raise
        else:
            return line
    raise AnchorError(f"the answer of {key.name} has no cosignature of its own")


def _size(body: bytes) -> int:
    """Return the size that a conflict names.

    Raises:
        AuthorityError: it names none.
    """
    try:
        return checkpoint.decimal(body[:_MOST_DIGITS].decode("ascii", errors="replace").removesuffix("\n"))
    except MalformedError as error:
        raise AuthorityError("the witness sees a conflict, and does not say with which size") from error


def _signed_by(signed: Note, key: VerifierKey) -> bool:
    try:
        signed.verify(key)
    except SignatureError:
        return False
    return True
