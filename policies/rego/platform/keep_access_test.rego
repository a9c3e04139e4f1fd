package platform.keep_access_test

import rego.v1

import data.platform.keep_access

limits := {"review_days": 90, "unused_days": 45}

golden := {
	"subject": {"type": "service", "id": "access-review-job"},
	"action": {"name": "platform.keep_access"},
	"resource": {
		"type": "account",
		"id": "acc-31",
		"properties": {
			"person": "usr-31",
			"used_at": "2026-11-20T09:00:00Z",
			"review": {"at": "2026-10-01T08:00:00Z", "reviewer": "usr-60", "outcome": "confirmed"},
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "platform"},
}

decision_on(facts) := decision if {
	decision := keep_access.decision with input as object.union(golden, {"resource": {"properties": facts}})
		with data.thresholds.platform.keep_access as limits
}

reviewed(facts) := decision_on({"review": facts}).failed

test_good_access_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == keep_access.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.platform.keep_access
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.review_days)
	is_number(shipped.unused_days)
}

test_missing_limits_close_their_gates if {
	decision := keep_access.decision with input as golden with data.thresholds as {}
	decision.failed == {"in_use", "reviewed"}
}

# reviewed

test_access_review_exactly_due if reviewed({"at": "2026-08-24T14:00:00Z"}) == set()

test_access_review_overdue if {
	decision := decision_on({"review": {"at": "2024-01-01T00:00:00Z"}})
	decision.allow == false
	decision.failed == {"reviewed"}
}

test_access_review_a_second_overdue if reviewed({"at": "2026-08-24T13:59:59Z"}) == {"reviewed"}

# reviewed_by_another, confirmed

test_nobody_reviews_their_own_access if {
	reviewed({"reviewer": "usr-31"}) == {"reviewed_by_another"}
	reviewed({"reviewer": "USR-31"}) == {"reviewed_by_another"}
}

test_access_withdrawn if reviewed({"outcome": "withdrawn"}) == {"confirmed"}

test_the_review_has_no_outcome_yet if reviewed({"outcome": "pending"}) == {"confirmed"}

# in_use

test_access_that_nobody_uses_is_reported_and_kept if {
	decision := decision_on({"used_at": "2026-10-08T13:59:59Z"})
	decision.allow == true
	decision.failed == {"in_use"}
}

test_access_used_exactly_as_long_ago_as_allowed if decision_on({"used_at": "2026-10-08T14:00:00Z"}).failed == set()

test_a_gate_that_no_data_describe_denies if {
	not keep_access.decision.allow with input as json.remove(golden, ["resource/properties/used_at"])
		with data.enforcement as {}
}
