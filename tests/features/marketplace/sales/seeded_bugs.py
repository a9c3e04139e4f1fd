"""Bugs that ledgers have had, each as one patch of the real modules: what checks sales has to notice every one.

The tenth, a transaction that does not lock what it reads, needs two connections: `test_locking.py`.
"""

from dataclasses import replace

from app.features.marketplace.billing import commission
from app.features.marketplace.money import BASIS
from app.features.marketplace.sales import disputes, giving_back, holds, payouts, purchasing, refunds
from app.features.marketplace.sales.orders import moment
from app.features.marketplace.sales.rows import PayoutState
from app.features.marketplace.sales.shares import borne
from tests.features.marketplace.sales.shop import Shop


def changed(entity, **properties):
    return replace(entity, properties=entity.properties | properties)


def round_both_sides(patch):
    def split(gross, tier, rates, **_more):
        fee = gross.part(rates.commission[tier])
        net = gross.part(BASIS - rates.commission[tier])
        return commission.Split(fee=fee, developer=net, reserve=net.part(rates.reserve), protection=gross - gross)

    patch.setattr(commission, "split", split)


def forget_what_a_key_was_for(patch):
    patch.setattr(purchasing, "body_of", lambda *_args, **_more: "0" * 64)


def refund_more_than_was_paid(patch):
    facts = refunds.facts

    def wrong(*args, **more):
        return changed(facts(*args, **more), refunded=False, refunded_minor=0)

    patch.setattr(refunds, "facts", wrong)


def let_go_twice(patch):
    patch.setattr(holds, "_let_go", lambda *_: None)


def leave_the_books_after_a_failed_payout(patch):
    close = payouts.close

    def wrong(till, session, row, _state, decision_id):
        close(till, session, row, PayoutState.PAID, decision_id)

    patch.setattr(payouts, "close", wrong)


def split_each_refund_by_itself(patch):
    patch.setattr(giving_back, "between", lambda sale, before, after: borne(sale, after - before))


def pay_out_despite_a_debt(patch):
    facts = payouts.facts

    def wrong(*args, **more):
        found = facts(*args, **more)
        return changed(found, developer=found.properties["developer"] | {"debt_minor": 0})

    patch.setattr(payouts, "facts", wrong)


def refund_whenever(patch):
    patch.setattr(refunds, "moment", lambda _: moment(Shop.newest.clock))


def leave_the_order_undebited(patch):
    give_back = giving_back.give_back

    def wrong(session, row, amount, **more):
        before = row.escrow_left, row.reserve_left
        give_back(session, row, amount, **more)
        row.escrow_left, row.reserve_left = before

    patch.setattr(refunds, "give_back", wrong)
    patch.setattr(disputes, "give_back", wrong)


BUGS = {
    each.__name__: each
    for each in (
        round_both_sides,
        forget_what_a_key_was_for,
        refund_more_than_was_paid,
        let_go_twice,
        leave_the_books_after_a_failed_payout,
        split_each_refund_by_itself,
        pay_out_despite_a_debt,
        refund_whenever,
        leave_the_order_undebited,
    )
}
