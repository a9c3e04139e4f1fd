"""Everything that can go wrong with sealed blocks and subject keys.

`code` is stable; messages may change. No message quotes a key, a sealed text or a person's id.
"""


class PrivacyError(Exception):
    """Base of every error this package raises on purpose."""

    code = "privacy"


class SealedBlockError(PrivacyError):
    """A sealed block cannot be made, or is not what was sealed here under this key: nothing in it may be believed."""

    code = "sealed_block"


class KeyStoreError(PrivacyError):
    """No key can be had now: the database fails, hangs or holds a damaged key.

    Nothing was sealed. A key that is being made may have become durable all the same; asking again finds it.
    """

    code = "key_store_unavailable"
