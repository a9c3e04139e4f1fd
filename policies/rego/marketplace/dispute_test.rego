package marketplace.dispute_test

import rego.v1

import data.marketplace.dispute

golden := {
	"subject": {"type": "job", "id": "marketplace.book_disputes", "properties": {}},
	"action": {"name": "marketplace.dispute"},
	"resource": {
		"type": "dispute",
		"id": "dp-1",
		"properties": {
			"order": "ord-1",
			"state": "reported",
			"step": "open",
			"amount_minor": 9900,
			"left_minor": 9900,
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if decision := dispute.decision with input as object.union(golden, change)

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_a_dispute_is_opened if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == dispute.required
	decision.failed == set()
	decision.obligations == []
}

test_another_job if decision_on({"subject": {"id": "marketplace.pay_out"}}).failed == {"authorised"}

test_it_ends if {
	every end in ["won", "lost"] { failed({"state": "open", "step": end}) == set() }
}

test_it_ends_where_nothing_of_the_order_is_left if {
	failed({"state": "open", "step": "won", "left_minor": 0}) == set()
}

test_it_does_not_end_before_it_was_opened if {
	every end in ["won", "lost"] { failed({"step": end}) == {"follows"} }
}

test_it_is_not_opened_twice if failed({"state": "open", "step": "open"}) == {"follows"}

test_what_has_ended_does_not_go_on if {
	every state in ["won", "lost"] {
		every step in ["reported", "open", "won", "lost"] { failed({"state": state, "step": step}) == {"follows"} }
	}
}

test_nothing_is_booked_that_was_only_reported if failed({"step": "reported"}) == {"follows"}

test_more_than_is_left if failed({"amount_minor": 9901}) == {"within_paid"}

test_less_than_is_left if failed({"amount_minor": 9899}) == set()
