"""The transaction in which a change request is changed."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from app.db import writing
from app.features.policies.errors import ChangeError
from app.pdp.enforce import Permit


@contextmanager
def altering(permit: Permit) -> Iterator[Session]:
    """Yield a transaction; whoever else was faster, or holds what it waits for, is a reason to look again.

    Raises:
        ChangeError: see there: `taken`, `busy`.
    """
    try:
        with writing(permit) as session:
            yield session
    except IntegrityError:
        raise ChangeError("taken", "somebody else did so at this moment; look again") from None
    except OperationalError:
        raise ChangeError("busy", "somebody else is changing this; try again") from None
