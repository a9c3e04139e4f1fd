package marketplace.record_attempt_test

import rego.v1

import data.marketplace.record_attempt

limits := {"recorded_by": "fraud-detection", "without_case": ["allow", "verify"]}

golden := {
	"subject": {"type": "service", "id": "fraud-detection"},
	"action": {"name": "marketplace.record_attempt"},
	"resource": {
		"type": "purchase_attempt",
		"id": "ord-20261122-000831",
		"properties": {"decision": "01a203ec17c0f73dc8f6-3", "verdict": "block", "opens_case": true},
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := record_attempt.decision with input as object.union(golden, change)
		with data.thresholds.marketplace.record_attempt as limits
}

about(facts) := decision_on({"resource": {"properties": facts}})

test_a_blocked_attempt_is_kept if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == record_attempt.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.record_attempt
	object.keys(shipped) == object.keys(limits)
	is_string(shipped.recorded_by)
	every verdict in shipped.without_case {
		verdict in {"allow", "verify"}
	}
}

test_missing_limits_deny if {
	decision := record_attempt.decision with input as golden with data.thresholds as {}
	decision.failed == {"authorised"}
}

# authorised

test_another_service if decision_on({"subject": {"id": "billing"}}).failed == {"authorised"}

test_no_service if decision_on({"subject": {"type": "officer"}}).failed == {"authorised"}

# attributed

test_no_decision if about({"decision": ""}).failed == {"attributed"}

# looked_into

test_blocked_or_held_without_a_case if {
	every verdict in ["block", "hold"] {
		about({"verdict": verdict, "opens_case": false}).failed == {"looked_into"}
	}
}

test_held_with_a_case if about({"verdict": "hold"}).allow == true

test_what_is_neither_needs_no_case if {
	every verdict in ["allow", "verify"] {
		about({"verdict": verdict, "opens_case": false}).allow == true
	}
}
