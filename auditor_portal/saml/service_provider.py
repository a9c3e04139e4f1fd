"""Who the portal is to a firm's identity provider: a name and three addresses of its own for each firm, and our keys.

Owns the names. A firm's own name means that what one firm's provider signs can be used with no other firm
(saml-core 2.5.1.4). The document that says so is made by `metadata`.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from auditor_portal.saml.keys import SamlKeys

_FIRM: Final = re.compile(r"[a-z0-9-]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """The portal, as one firm's provider knows it.

    Attributes:
        portal: scheme, host and port, as OMEGA_PORTAL_URL has them.
        firm: its id.
        keys: ours.
    """

    portal: str
    firm: str
    keys: SamlKeys = field(repr=False)

    def __post_init__(self) -> None:
        if not _FIRM.fullmatch(self.firm):
            raise ValueError("a firm's id has 1 to 32 of a-z, 0-9 and -")

    @property
    def entity_id(self) -> str:
        """What we are called, which is where our metadata is."""
        return f"{self.portal}/saml/{self.firm}/metadata"

    @property
    def acs_url(self) -> str:
        """Where responses are brought, by HTTP-POST: the assertion consumer service."""
        return f"{self.portal}/saml/{self.firm}/acs"

    @property
    def slo_url(self) -> str:
        """Where logout messages are brought, by HTTP-Redirect."""
        return f"{self.portal}/saml/{self.firm}/logout"
