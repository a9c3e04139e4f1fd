"""The tables of the catalogue, which every room of the marketplace reads. Times: Unix seconds.

Every row names the decision that last changed it. A room has tables of its own beside (`<room>/rows.py`).
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field

from app.db import ProductRow


class PartyKind(StrEnum):
    """On which side of a sale somebody stands."""

    DEVELOPER = "developer"
    BUYER = "buyer"


class Kyc(StrEnum):
    """How far it is established who a developer is. Whoever is not established is not paid."""

    NONE = "none"
    PENDING = "pending"
    COMPLETE = "complete"
    REFUSED = "refused"


class Tier(StrEnum):
    """What commission a developer's sales bear; which one, policy data say."""

    COMMUNITY = "community"
    VERIFIED = "verified"
    ENTERPRISE = "enterprise"


class AgentState(StrEnum):
    """Whether an agent is on sale. The words are those of PEP 792, where it has them."""

    DRAFT = "draft"
    LISTED = "listed"
    DEPRECATED = "deprecated"  # on sale, with a warning, until `ends_at`
    QUARANTINED = "quarantined"  # neither sold nor installed nor run, until somebody has looked
    DELISTED = "delisted"  # not sold any more; installs go on unless a finding says otherwise


class ReleaseState(StrEnum):
    """Whether a version of an agent may be installed."""

    DRAFT = "draft"
    PREVIEW = "preview"
    LISTED = "listed"
    YANKED = "yanked"  # only where it is pinned (PEP 592)
    QUARANTINED = "quarantined"


class PartyRow(ProductRow, table=True):
    """A developer or a buyer: who they are is established by us, never by what they say of themselves."""

    __tablename__ = "market_party"

    id: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=16)
    name: str = Field(max_length=200)
    tenant: str = Field(max_length=64, index=True)
    legal_form: str = Field(max_length=16)  # individual, organisation
    country: str = Field(max_length=2)
    entity: str | None = Field(default=None, max_length=20)  # ISO 17442
    kyc: str = Field(default=Kyc.NONE.value, max_length=16)
    kyc_until: int | None = Field(default=None, sa_type=BigInteger)
    agreement: str | None = Field(default=None, max_length=64)  # SHA-256 of the text that was accepted
    ip_warranties: bool = False
    tier: str = Field(default=Tier.COMMUNITY.value, max_length=16)
    account: str | None = Field(default=None, max_length=128)  # at the payment provider
    created_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class MemberRow(ProductRow, table=True):
    """Who acts for a party: a person who signed in, or a service with a token; see `parties.account_of`."""

    __tablename__ = "market_member"

    account: str = Field(primary_key=True, max_length=128)
    party: str = Field(primary_key=True, foreign_key="market_party.id", max_length=64, index=True)
    decision_id: str = Field(max_length=48)


class AgentRow(ProductRow, table=True):
    """An agent."""

    __tablename__ = "market_agent"

    id: str = Field(primary_key=True, max_length=64)
    developer: str = Field(foreign_key="market_party.id", max_length=64, index=True)
    title: str = Field(max_length=200)
    summary: str = Field(max_length=1_000)
    category: str = Field(max_length=64, index=True)
    tenant: str | None = Field(default=None, max_length=64, index=True)  # of its private catalogue; None: public
    repository: str = Field(max_length=500)  # that its releases are built from, as certificates name it
    state: str = Field(default=AgentState.DRAFT.value, max_length=16, index=True)
    newest: str | None = Field(default=None, max_length=64)  # version on sale
    level: int = 0  # the highest SLSA build level that a release of it was listed with
    ends_at: int | None = Field(default=None, sa_type=BigInteger)
    replacement: str | None = Field(default=None, max_length=64)
    created_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)


class ReleaseRow(ProductRow, table=True):
    """A version of an agent, with what we found out about it ourselves (`facts`)."""

    __tablename__ = "market_release"
    __table_args__ = (UniqueConstraint("agent", "artifact", name="uq_market_release_artifact"),)

    agent: str = Field(foreign_key="market_agent.id", primary_key=True, max_length=64)
    version: str = Field(primary_key=True, max_length=64)  # Semantic Versioning 2.0.0
    state: str = Field(default=ReleaseState.DRAFT.value, max_length=16)
    artifact: str = Field(max_length=71, index=True)  # `sha256:` and 64 hexadecimal digits
    manifest: dict[str, Any] = Field(sa_type=JSON)
    files: dict[str, str] = Field(sa_type=JSON)  # digest of each file that came with it, by what it is
    facts: dict[str, Any] = Field(sa_type=JSON)
    level: int = 0
    published_at: int | None = Field(default=None, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
    decision_id: str = Field(max_length=48)
