package marketplace.settle_test

import rego.v1

import data.marketplace.settle

limits := {"min_age_minutes": 1, "key_hours": 24}

golden := {
	"subject": {"type": "job", "id": "marketplace.settle_payments", "properties": {}},
	"action": {"name": "marketplace.settle"},
	"resource": {
		"type": "payment",
		"id": "ord-1",
		"properties": {"kind": "charge", "state": "pending", "since": "2026-11-22T13:50:00Z"},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := settle.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.settle as limits
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_payment_that_is_pending_is_settled if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == settle.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.settle
	object.keys(shipped) == object.keys(limits)
	every each in shipped { is_number(each) }
}

test_another_job if decision_on({"subject": {"id": "marketplace.pay_out"}}).failed == {"authorised"}

test_settled_before if failed({"state": "done"}) == {"open"}

test_exactly_a_minute_ago if failed({"since": "2026-11-22T13:59:00Z"}) == set()

test_less_than_a_minute_ago if failed({"since": "2026-11-22T13:59:01Z"}) == {"left"}

test_less_than_a_minute_ago_and_reported if failed({"state": "reported", "since": "2026-11-22T13:59:01Z"}) == set()

test_less_than_a_day_ago if failed({"since": "2026-11-21T14:00:01Z"}) == set()

test_exactly_a_day_ago if failed({"since": "2026-11-21T14:00:00Z"}) == {"key_known"}

test_a_day_ago_and_reported if failed({"state": "reported", "since": "2026-11-01T14:00:00Z"}) == set()

test_in_the_future if failed({"since": "2026-11-22T14:00:01Z"}) == {"key_known", "left"}

test_less_than_a_second_in_the_future if {
	failed({"since": "2026-11-22T14:00:00.000000001Z"}) == {"key_known", "left"}
}

test_this_second_where_nobody_has_to_wait if {
	decision := settle.decision with input as object.union(golden, {"resource": {"properties": {"since": "2026-11-22T14:00:00Z"}}})
		with data.thresholds.marketplace.settle as {"min_age_minutes": 0, "key_hours": 24}
	decision.failed == set()
}

test_without_limits_nothing_is_settled_again if {
	decision := settle.decision with input as golden with data.thresholds as {}
	decision.failed == {"key_known", "left"}
}
