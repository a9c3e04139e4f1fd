"""The tables of signing in: what identity providers were asked, and which of their messages were used. Unix seconds."""

from sqlalchemy import BigInteger
from sqlmodel import Field

from app.audits.database import PortalRow


class SamlRequestRow(PortalRow, table=True):
    """A request to a firm's provider. Who brings the answer has to name it; what they are given here are hashes."""

    __tablename__ = "audit_saml_request"

    id: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=8)
    firm: str = Field(max_length=32)
    created_at: int = Field(sa_type=BigInteger, index=True)
    place: str = Field(max_length=1024)
    address: str = Field(max_length=64)
    relay_hash: str = Field(max_length=64)
    browser_hash: str = Field(max_length=64)
    used_at: int | None = Field(default=None, sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class SamlMessageRow(PortalRow, table=True):
    """A message of a provider that was used, by the hash of its issuer and its id, until nobody takes it any more."""

    __tablename__ = "audit_saml_message"

    message_hash: str = Field(primary_key=True, max_length=64)
    kept_until: int = Field(sa_type=BigInteger, index=True)
    decision_id: str = Field(max_length=48)
