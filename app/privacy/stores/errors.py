"""What can go wrong with a store of personal data."""

from app.privacy.errors import PrivacyError


class StoreError(PrivacyError):
    """The place fails: what was asked for may be done in part. Ask again."""

    code = "store_failed"


class PendingError(StoreError):
    """The place has taken it on and is not done yet: ask again later, with the same words."""

    code = "store_pending"


class UnsupportedError(PrivacyError):
    """This store cannot do that, and why stands in the message, in plain words."""

    code = "unsupported"


class StoresFileError(PrivacyError):
    """The file of stores cannot be used; the message is one line and says where. Nothing is found or erased by it."""

    code = "stores_file"
