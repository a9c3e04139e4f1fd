"""Everything that can go wrong with sealed blocks and subject keys.

`code` is stable; messages may change. No message quotes a key, a sealed text or a person's id.
"""


class PrivacyError(Exception):
    """Base of every error this package raises on purpose."""

    code = "privacy"


class SealedBlockError(PrivacyError):
    """A sealed block cannot be made, or is not what was sealed here under this key: nothing in it may be believed."""

    code = "sealed_block"


class KeyDestroyedError(SealedBlockError):
    """The key was destroyed, and with it what was sealed: nobody can open it, for ever. The log is not touched."""

    code = "key_destroyed"


class KeyStoreError(PrivacyError):
    """No key can be had now: the database fails, hangs or holds a damaged key.

    Nothing was sealed. A key that is being made may have become durable all the same; asking again finds it.
    """

    code = "key_store_unavailable"


class HeldError(PrivacyError):
    """A legal hold stands on this person; nothing was erased."""

    code = "legal_hold"


class UnknownPersonError(PrivacyError):
    """Nobody is known by this id, here and now: there is nothing to erase or to hold."""

    code = "unknown_person"


class ReasonError(PrivacyError):
    """The reason of a hold is not a short code; it stands in the log, so it must not be a sentence about a person."""

    code = "hold_reason"
