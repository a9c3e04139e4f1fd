"""What a node is to have in force whose policies come from a directory: what was stated with its key.

Believes the statement, and no file that it does not name. Where the bundle on the disk is edited, the directory may
still have it.
"""

from datetime import datetime

from app import activation, statement
from app.features.policies.drift.comparing import Declared
from app.features.policies.drift.declaring import used_after_their_end
from app.features.policies.drift.scanning import look
from app.features.policies.errors import UnstatedError
from app.pdp.bundle import Bundle
from app.pdp.errors import BundleError
from app.settings import Settings


class DirectoryDeclaring:
    """What whoever has the node's keys put in force. A `app.features.policies.drift.drift_job.Declaring`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def declared(self, now: datetime) -> Declared | None:  # noqa: ARG002 - there is no window to be inside of
        """Return what is stated.

        Raises:
            UnstatedError: nothing is, or what it names is nowhere to be found.
        """
        try:
            digest = statement.verify_stated(self._settings)
        except statement.StatementError as error:
            raise UnstatedError(str(error)) from error
        return Declared(bundle=self._bundle(digest))

    def overrides(self, now: datetime) -> tuple[str, ...]:  # noqa: ARG002 - rows say when each was used
        """See `app.features.policies.drift.drift_job.Declaring`."""
        return used_after_their_end()

    def _bundle(self, digest: str) -> Bundle:
        kept = look(self._settings.bundles, digest).bundle
        try:
            found = kept or activation.read(self._settings.policies)
        except BundleError:
            found = None
        if found is None or found.digest != digest:
            raise UnstatedError("the bundle that was put in force is nowhere whole")
        return found
