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
