"""What was bought and installed, by the tables of the rooms that sell and install."""

from sqlmodel import Session, col, func, select

from app.features.marketplace.catalogue.rows import InstallRow
from app.features.marketplace.lifecycle.desk import Order
from app.features.marketplace.sales.orders import bought


class MarketTrade:
    """See `app.features.marketplace.lifecycle.desk.Trade`."""

    def bought(self, session: Session, buyer: str, agent: str) -> Order | None:
        """Return the order of a buyer for an agent that stands, if there is one."""
        return bought(session, buyer, agent)

    def downloads(self, session: Session, agent: str) -> int:
        """Return how often an agent was installed: tokens that were given and not used count for nothing."""
        installed = select(func.count()).where(InstallRow.agent == agent, col(InstallRow.redeemed_at).is_not(None))
        return session.exec(installed).one()
