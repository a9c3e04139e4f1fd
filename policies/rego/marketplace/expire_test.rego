package marketplace.expire_test

import rego.v1

import data.marketplace.expire

golden := {
	"subject": {"type": "job", "id": "marketplace.watch_life", "properties": {}},
	"action": {"name": "marketplace.expire"},
	"resource": {
		"type": "badge",
		"id": "acme:verified",
		"properties": {"developer": "acme", "until": "2026-11-22T14:00:00Z"},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := expire.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == expire.required
	decision.failed == set()
	decision.obligations == []
}

test_what_was_established_of_a_developer_ends if {
	change := {"resource": {"type": "identification", "id": "acme"}}
	failed(change) == set()
}

test_another_job if failed({"subject": {"id": "marketplace.rescan"}}) == {"own"}

test_a_service_with_the_name_of_the_job if failed({"subject": {"type": "service"}}) == {"own"}

test_a_second_too_early if failed({"resource": {"properties": {"until": "2026-11-22T14:00:01Z"}}}) == {"over"}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"id": "marketplace.rescan"}},
		{"resource": {"properties": {"until": "2026-11-22T14:00:01Z"}}},
	] {
		decision_on(change).allow == false
	}
}
