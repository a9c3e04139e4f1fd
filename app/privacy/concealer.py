"""The key store as the decision point sees it: whoever it speaks of, by pseudonym and key."""

from app.pdp.errors import UnrecordedError
from app.privacy.errors import KeyStoreError
from app.privacy.sealed_block import SubjectKey
from app.privacy.subject_keys import SubjectKeys


class KeyStoreConcealer:
    """See `app.pdp.enforce.Concealer`."""

    def __init__(self, keys: SubjectKeys) -> None:
        self._keys = keys

    async def person(self, tenant: str, kind: str, identifier: str) -> SubjectKey:
        """See `app.pdp.enforce.Concealer`."""
        try:
            return await self._keys.key(tenant, kind, identifier)
        except KeyStoreError as error:
            raise UnrecordedError("the subject's key cannot be had") from error
