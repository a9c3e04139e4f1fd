"""Which step follows from which state, and which installs may run."""

from itertools import product

import pytest

from app.features.marketplace.errors import ChangedError
from app.features.marketplace.lifecycle.state import Step, agent_after, halted, release_after
from app.features.marketplace.rows import AgentState as A
from app.features.marketplace.rows import ReleaseState as R

AGENTS = {
    (Step.DEPRECATE, A.LISTED): A.DEPRECATED,
    (Step.QUARANTINE, A.LISTED): A.QUARANTINED,
    (Step.QUARANTINE, A.DEPRECATED): A.QUARANTINED,
    (Step.DELIST, A.LISTED): A.DELISTED,
    (Step.DELIST, A.DEPRECATED): A.DELISTED,
    (Step.DELIST, A.QUARANTINED): A.DELISTED,
    (Step.REINSTATE, A.QUARANTINED): A.DEPRECATED,
    (Step.REINSTATE, A.DELISTED): A.DEPRECATED,
}
RELEASES = {
    (Step.YANK, R.LISTED): R.YANKED,
    (Step.YANK, R.PREVIEW): R.YANKED,
    (Step.QUARANTINE, R.LISTED): R.QUARANTINED,
    (Step.QUARANTINE, R.PREVIEW): R.QUARANTINED,
    (Step.QUARANTINE, R.YANKED): R.QUARANTINED,
    (Step.REINSTATE, R.YANKED): R.PREVIEW,
    (Step.REINSTATE, R.QUARANTINED): R.PREVIEW,
}


@pytest.mark.parametrize(("step", "state"), list(product(Step, A)))
def test_an_agent_takes_the_steps_that_follow_and_no_others(step, state):
    if (step, state) in AGENTS:
        assert agent_after(step, state, A.DEPRECATED) is AGENTS[step, state]
    else:
        with pytest.raises(ChangedError):
            agent_after(step, state, A.DEPRECATED)


@pytest.mark.parametrize(("step", "state"), list(product(Step, R)))
def test_a_release_takes_the_steps_that_follow_and_no_others(step, state):
    if (step, state) in RELEASES:
        assert release_after(step, state, R.PREVIEW) is RELEASES[step, state]
    else:
        with pytest.raises(ChangedError):
            release_after(step, state, R.PREVIEW)


@pytest.mark.parametrize("sold_as", [None, A.DRAFT, A.QUARANTINED])
def test_what_was_never_on_sale_does_not_come_back(sold_as):
    with pytest.raises(ChangedError):
        agent_after(Step.REINSTATE, A.QUARANTINED, sold_as)


@pytest.mark.parametrize(
    ("agent", "release", "pinned", "overdue", "why"),
    [
        (A.LISTED, R.LISTED, False, False, None),
        (A.DEPRECATED, R.PREVIEW, False, False, None),
        (A.DELISTED, R.LISTED, False, False, None),
        (A.QUARANTINED, R.LISTED, True, False, "quarantined"),
        (A.LISTED, R.QUARANTINED, True, False, "quarantined"),
        (A.LISTED, R.YANKED, False, False, "yanked"),
        (A.LISTED, R.YANKED, True, False, None),
        (A.LISTED, R.YANKED, True, True, "known_vulnerability"),
        (A.DELISTED, R.LISTED, True, True, "known_vulnerability"),
        (A.LISTED, R.DRAFT, True, False, "never_listed"),
        (A.DRAFT, R.LISTED, True, False, "never_listed"),
    ],
)
def test_an_install_runs_unless_something_speaks_against_it(agent, release, pinned, overdue, why):
    assert halted(agent, release, pinned=pinned, overdue=overdue) == why
