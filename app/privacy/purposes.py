"""What personal data may be used for, and what each purpose rests on: as the policies in force say it (`purposes`).

Reads a bundle's data, and decides nothing: `policies/rego/lib/consent.rego` does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from app.pdp.bundle import Bundle
from app.privacy.consent import PURPOSE, ConsentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """One purpose.

    Attributes:
        name: as requests say it.
        title: in plain words.
        basis: of GDPR, article 6(1): `consent`, `contract`, `legal_obligation`, `vital_interests`, `public_task`,
            `legitimate_interests`.
        law: the provision.
        lasts_days: how long a consent lasts; 0 where the basis is another.
    """

    name: str
    title: str
    basis: str
    law: str
    lasts_days: int

    @property
    def needs_consent(self) -> bool:
        """Tell whether it rests on consent."""
        return self.basis == "consent"


def purposes(bundle: Bundle) -> Mapping[str, Purpose]:
    """Return the purposes of `bundle`, by name.

    Raises:
        ConsentError: `purposes`, they have not the form they need.
    """
    return _parsed(bundle.data)


@lru_cache(4)
def _parsed(text: str) -> Mapping[str, Purpose]:
    try:
        found = {name: _purpose(name, stated) for name, stated in sorted(json.loads(text)["purposes"].items())}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ConsentError("purposes", "the policies in force have no usable `purposes`") from None
    return MappingProxyType(found)


def _purpose(name: str, stated: Mapping[str, Any]) -> Purpose:
    days = stated.get("lasts_days", 0)
    texts = [stated[each] for each in ("title", "basis", "law")]
    if not PURPOSE.fullmatch(name) or type(days) is not int or not all(type(each) is str and each for each in texts):
        raise ValueError
    if (texts[1] == "consent") != (days > 0):
        raise ValueError
    return Purpose(name=name, title=texts[0], basis=texts[1], law=texts[2], lasts_days=days)
