package marketplace.release_test

import rego.v1

import data.marketplace.release

limits := {"hold_days": 7, "new_developer_hold_days": 14, "new_developer_days": 30, "reserve_days": 90}

golden := {
	"subject": {"type": "job", "id": "marketplace.release_holds", "properties": {}},
	"action": {"name": "marketplace.release"},
	"resource": {
		"type": "hold",
		"id": "ord-1:escrow",
		"properties": {
			"kind": "escrow",
			"released": false,
			"disputed": false,
			"held_since": "2026-11-15T14:00:00Z",
			"developer_since": "2025-11-22T14:00:00Z",
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := release.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.release as limits
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

test_exactly_seven_days_are_enough if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == release.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.release
	object.keys(shipped) == object.keys(limits)
	every each in shipped { is_number(each) }
}

test_another_job if decision_on({"subject": {"id": "marketplace.pay_out"}}).failed == {"authorised"}

test_a_second_less_than_seven_days if failed({"held_since": "2026-11-15T14:00:01Z"}) == {"held"}

test_seven_days_of_a_developer_who_is_new if failed({"developer_since": "2026-11-22T14:00:00Z"}) == {"held"}

test_seven_days_of_a_developer_who_is_not_new_since_this_second if {
	failed({"developer_since": "2026-10-23T14:00:00Z"}) == set()
}

test_seven_days_of_a_developer_who_is_new_for_another_second if {
	failed({"developer_since": "2026-10-23T14:00:01Z"}) == {"held"}
}

test_fourteen_days_of_a_developer_who_is_new if {
	failed({"developer_since": "2026-11-01T14:00:00Z", "held_since": "2026-11-08T14:00:00Z"}) == set()
}

test_a_second_less_than_fourteen_days_of_a_developer_who_is_new if {
	failed({"developer_since": "2026-11-01T14:00:00Z", "held_since": "2026-11-08T14:00:01Z"}) == {"held"}
}

test_ninety_days_of_the_reserve if failed({"kind": "reserve", "held_since": "2026-08-24T14:00:00Z"}) == set()

test_a_second_less_than_ninety_days_of_the_reserve if {
	failed({"kind": "reserve", "held_since": "2026-08-24T14:00:01Z"}) == {"held"}
}

test_ninety_days_of_the_reserve_of_a_developer_who_is_new if {
	facts := {"kind": "reserve", "held_since": "2026-08-24T14:00:00Z", "developer_since": "2026-11-22T14:00:00Z"}
	failed(facts) == set()
}

test_let_go_before if failed({"released": true}) == {"once"}

test_disputed if failed({"disputed": true}) == {"undisputed"}

test_without_limits_nothing_is_let_go if {
	decision := release.decision with input as golden with data.thresholds as {}
	decision.failed == {"held"}
}
