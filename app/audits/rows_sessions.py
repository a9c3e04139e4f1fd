"""The tables of who is signed in to the auditor portal, and of who is still asked for a code.

Times are Unix seconds. No token stands here, only its hash.
"""

from sqlalchemy import BigInteger
from sqlmodel import Field

from app.audits.database import PortalRow


class _Proved(PortalRow):
    """What a firm's identity provider asserted of somebody; see `app.audits.sessions.Proved`."""

    auditor: str = Field(max_length=256, index=True)
    firm: str = Field(max_length=32, index=True)
    name_id: str = Field(max_length=200)
    name_id_format: str = Field(max_length=1_024)
    session_index: str | None = Field(default=None, max_length=1_024)
    second_factor: bool
    mfa_class: str = Field(max_length=256)
    ends_at: int | None = Field(default=None, sa_type=BigInteger)


class SessionRow(_Proved, table=True):
    """One session."""

    __tablename__ = "audit_session"

    token_hash: str = Field(primary_key=True, max_length=64)
    agent_hash: str = Field(max_length=64)
    decision_id: str = Field(max_length=48)
    opened_at: int = Field(sa_type=BigInteger, index=True)
    seen_at: int = Field(sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)


class AttemptRow(_Proved, table=True):
    """Somebody whom the provider has identified, and who has yet to give a code.

    `secret` is what a new authenticator is told, sealed; None where the auditor has one already.
    """

    __tablename__ = "audit_attempt"

    token_hash: str = Field(primary_key=True, max_length=64)
    agent_hash: str = Field(max_length=64)
    place: str = Field(max_length=1_024)
    secret: str | None = Field(default=None, max_length=128)
    decision_id: str = Field(max_length=48)
    opened_at: int = Field(sa_type=BigInteger, index=True)


class AuthenticatorRow(PortalRow, table=True):
    """An auditor's authenticator, and the wrong codes since the last right one.

    `secret` is sealed; None before the first right code. `used` is the newest step whose code was taken.
    """

    __tablename__ = "audit_authenticator"

    auditor: str = Field(primary_key=True, max_length=256)
    secret: str | None = Field(default=None, max_length=128)
    used: int = Field(sa_type=BigInteger)
    failures: int
    tried_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
