"""Where the pages of policies read: one shelf and one history of signers for each application, made when needed."""

from dataclasses import dataclass
from typing import Final

from flask import current_app

from app.features.policies.errors import RepositoryError
from app.features.policies.git.repository import Repository
from auditor_portal.policies.shelf import Shelf
from auditor_portal.policies.signers import Signers, Verdict
from auditor_portal.product import Product, product
from evidence.chain import utc_now

_EXTENSION: Final = "omega.auditor_portal.policies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What pages of policies read. Without a policy repository, nobody signed anything."""

    product: Product
    shelf: Shelf
    signers: Signers | None

    def verdict(self) -> Verdict:
        """Return who signed which commit."""
        return Verdict() if self.signers is None else self.signers.known()


def reading() -> Reading:
    """Return what the application that answers reads.

    Raises:
        RefusedError: it cannot be opened now (503).
    """
    found = product()
    kept: Reading | None = current_app.extensions.get(_EXTENSION)
    if kept is None or kept.product is not found:
        repository = _repository(found)
        kept = Reading(
            product=found,
            shelf=Shelf(found.bundles, repository),
            signers=None if repository is None else Signers(repository, utc_now),
        )
        if repository is not None or found.settings.policy_repository is None:
            current_app.extensions[_EXTENSION] = kept  # a mirror that is not there yet is looked for again
    return kept


def _repository(found: Product) -> Repository | None:
    """Return the mirror as somebody else fetches it; None where there is none."""
    settings = found.settings
    if not (found.policy_mirror / "HEAD").is_file():
        return None
    try:
        return Repository(
            found.policy_mirror,
            settings.policy_repository or "",
            settings.policy_branch,
            environment=settings.git_environment,
            clock=utc_now,
        )
    except RepositoryError:
        return None
