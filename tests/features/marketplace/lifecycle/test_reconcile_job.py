"""Every allow that changes something has its effect, and every effect its allow; what was removed is found."""

import pytest
from sqlmodel import delete, select

from app.alerts.rows import AlertRow
from app.db import reading, writing
from app.features.marketplace.acting import EffectRow
from app.features.marketplace.lifecycle.reconcile_job import DIFFERS, NO_DECISION, NO_EFFECT, ReconcileJob
from app.features.marketplace.lifecycle.rows import DifferenceRow
from app.pdp.bundle import Bundle
from tests.features.marketplace.lifecycle.living import DAY, HOUR, SAFETY, rows, state, step
from tests.features.marketplace.lifecycle.working import means, run
from tests.features.marketplace.trading import permit


class Decisions:
    """What is on record, as the log of the marketplace has it; what is forgotten is no longer there."""

    def __init__(self, market):
        self.market, self.forgotten, self.asked = market, set(), []

    def allowed(self, actions, since, until):
        self.asked.append(set(actions))
        log = self.market.control.around.log.records
        found = [(each.body["decision_id"], each.body) for each in log if each.type == "decision"]
        return {
            name: body["action"]
            for name, body in found
            if body["action"] in actions and body["result"]["allow"] and name not in self.forgotten
        }
