"""Everything that can go wrong in the log, as one small tree.

A caller that only needs "do not trust this" catches `EvidenceError`. `code` is stable: reports
and problem documents use it; messages may change. Each docstring says what the caller may conclude.
"""


class EvidenceError(Exception):
    """Base of every error this package raises on purpose."""

    code = "evidence"


class MalformedError(EvidenceError):
    """The bytes are not what they should be: no record, seal, checkpoint, proof or key of this format."""

    code = "malformed"


class SignatureError(EvidenceError):
    """The note is well formed, and the pinned key did not sign it."""

    code = "bad-signature"


class ProofError(EvidenceError):
    """The proof does not lead from this leaf to this root."""

    code = "bad-proof"


class AnchorError(EvidenceError):
    """The anchor is well formed, and does not vouch for this checkpoint; or nobody who is trusted made it."""

    code = "bad-anchor"


class AuthorityError(EvidenceError):
    """An authority or a witness did not answer as it should; nothing is anchored, and it may be asked again."""

    code = "authority-unavailable"


class WitnessConflictError(AuthorityError):
    """The witness has cosigned another size than the proof starts from; ask again from there."""

    code = "witness-conflict"

    def __init__(self, size: int) -> None:
        super().__init__(f"the witness has seen a tree of {size}")
        self.size = size


class UnknownLogError(AuthorityError):
    """The witness knows no log of this origin; its operator has to be told the log's verifier key."""

    code = "unknown-log"


class UntrustedLogError(AuthorityError):
    """The witness knows the log, and none of its keys made the signature."""

    code = "untrusted-log"


class ForkedLogError(AuthorityError):
    """The witness has cosigned another root of this size: one log shows two histories. A person must look."""

    code = "forked-log"


class InconsistentLogError(AuthorityError):
    """The tree does not continue the one that the witness has cosigned, or the proof does not show it."""

    code = "inconsistent-log"


class FindingError(EvidenceError):
    """The log does not hold: `code` says what is wrong (docs/evidence-format.md, section 8), `where` says at what."""

    def __init__(self, code: str, where: str, detail: str) -> None:
        super().__init__(f"{where}: {code}: {detail}")
        self.code = code
        self.where = where
        self.detail = detail


class JournalError(EvidenceError):
    """The journal cannot take records any more; what it acknowledged before stands."""

    code = "journal-unavailable"


class BackPressureError(JournalError):
    """The journal takes nothing for now: too much of it waits for the store, or the disk is nearly full."""

    code = "journal-full"


class NotLockedError(EvidenceError):
    """The record is on disk and not yet in the store, and nobody can wait any longer. It will be there, or orphaned."""

    code = "not-locked"


class DamagedJournalError(EvidenceError):
    """Something acknowledged was altered on disk. Nobody may write on; a person must look."""

    code = "journal-damaged"


class RetiredKeyError(EvidenceError):
    """The log has a newer key than this one, which must sign nothing more."""

    code = "retired-key"


class RetentionError(EvidenceError):
    """A chain's retention class has no time to be kept for; nothing of it can be sealed until it has."""

    code = "unknown-retention-class"


class RecordTooLargeError(EvidenceError):
    """The record would be larger than 65,536 bytes; nothing was written."""

    code = "record-too-large"


class StoreError(EvidenceError):
    """The store could not be reached or misbehaved, so nothing may be assumed of the write."""

    code = "store-unavailable"


class NotFoundError(StoreError):
    """Nothing was ever written at this key, as far as the store says."""

    code = "not-found"


class AlreadyWrittenError(StoreError):
    """The key holds other bytes, and will go on holding them."""

    code = "already-written"


class ObjectTooLargeError(StoreError):
    """The object is larger than its kind may be; it was not read."""

    code = "object-too-large"


class ShadowedObjectError(StoreError):
    """The key has more than one version or a delete marker: somebody wrote or deleted behind the log's back.

    A locked version still stands, but what a reader without a version gets is not to be trusted. `key` says where.
    """

    code = "shadowed-object"

    def __init__(self, key: str) -> None:
        super().__init__(f"`{key}` has more than one version, or was deleted")
        self.key = key


class RetainedError(StoreError):
    """The object is kept: until a date that has not come, under a legal hold, or because no date is known."""

    code = "retained"


class InvalidKeyError(StoreError):
    """The key is not one a store takes; the store was not asked."""

    code = "invalid-key"


class AssuranceError(EvidenceError):
    """The store was shown to refuse less than was required of it."""

    code = "assurance-too-low"
