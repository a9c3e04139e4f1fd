"""Everything that can go wrong around policies in Git, as one small tree; `app/errors.py` translates at the edge."""


class PoliciesError(Exception):
    """Base of every error this feature raises on purpose."""

    code = "policies"


class OwnersError(PoliciesError):
    """The bytes are no OWNERS.yaml; the message is one line and names the entry. Nothing can be merged until it is."""

    code = "owners"


class ChangeError(PoliciesError):
    """A change request does not take this step; it is as it was. `code` says why and is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class PatchError(PoliciesError):
    """The bytes are no patch that fits; nothing was changed."""

    code = "patch"


class RepositoryError(PoliciesError):
    """Git did not do it, or there is no such thing in the repository; nothing was changed here."""

    code = "repository"


class NotFastForwardError(RepositoryError):
    """The commit does not continue the branch; it was not pushed."""

    code = "not_fast_forward"


class MovedError(RepositoryError):
    """The branch does not stand where it was said to; nothing was pushed."""

    code = "moved"


class MalformedCommitError(PoliciesError):
    """The bytes are no commit, or one that two readers could read differently."""

    code = "malformed"


class SignatureError(PoliciesError):
    """The bytes are no signature of a kind that counts, or its key did not make it over this message."""

    code = "bad_signature"


class SignersError(PoliciesError):
    """The bytes are no allowed_signers; the message names the line. Nobody counts as a signer until they are."""

    code = "signers"


class RefusedCommitError(PoliciesError):
    """A commit, or one before it, is not to be trusted: `commit` is its id, `code` says why and is stable."""

    def __init__(self, commit: str, code: str, message: str) -> None:
        super().__init__(message)
        self.commit, self.code = commit, code


class PublicationError(PoliciesError):
    """What is published, or should be, does not hold; the message says what. Nothing of it may decide."""

    code = "publication"


class ActivationError(PoliciesError):
    """A commit is not put in force; what was in force goes on."""

    code = "activation"


class DeclaredError(PoliciesError):
    """What is declared cannot be found out; nothing was compared."""

    code = "undeclared"


class UnstatedError(DeclaredError):
    """What was declared is not there any more, or this node's key did not sign it; that is drift itself."""
