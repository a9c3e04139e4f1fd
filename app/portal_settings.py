"""What an operator may set of the auditor portal: where it is, as whom it reads, whom it asks.

Each field's comment says what goes wrong with a bad value; docs/operating.md lists them for people.
"""

from dataclasses import dataclass, field
from pathlib import Path

from app import addresses, setting_forms


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """The settings of the portal; without a URL it is not served."""

    url: str | None  # what auditors know; another one, and firms' identity providers answer somebody else
    host: str  # 127.0.0.1 unless TLS ends in front: sessions cross the wire
    port: int
    database: str | None = field(repr=False)  # of a role that can write the portal's tables alone; or it writes all
    decision_url: str | None  # whom it asks; whoever answers there lets auditors see everything. None: this node
    token: Path | None  # a file with its token there; readable by others, and they ask as the portal

    @classmethod
    def read(cls, read: setting_forms.Reader) -> "PortalSettings":
        """Read the settings.

        Raises:
            SettingsError: a value has not its form.
        """
        return cls(
            url=read.value("OMEGA_PORTAL_URL", "", addresses.public_url),
            host=read.value("OMEGA_PORTAL_HOST", "127.0.0.1", setting_forms.host),
            port=read.number("OMEGA_PORTAL_PORT", 8430, 0, 65_535),
            database=read.database("OMEGA_PORTAL_DATABASE"),
            decision_url=read.value("OMEGA_DECISION_URL", "", addresses.public_url),
            token=read.value("OMEGA_PORTAL_TOKEN_FILE", "", setting_forms.path),
        )
