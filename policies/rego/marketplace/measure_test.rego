package marketplace.measure_test

import rego.v1

import data.marketplace.measure

golden := {
	"subject": {"type": "service", "id": "platform", "properties": {}},
	"action": {"name": "marketplace.measure"},
	"resource": {"type": "listing", "id": "invoice-reader", "properties": {"developer": "acme"}},
	"context": {
		"from": "2026-11-22T12:00:00Z",
		"to": "2026-11-22T13:00:00Z",
		"calls": 1000,
		"errors": 4,
		"p95_ms": 850,
		"up_seconds": 3600,
	},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := measure.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == measure.required
	decision.failed == set()
	decision.obligations == []
}

test_a_service_that_does_not if failed({"subject": {"id": "voice"}}) == {"authorised"}

test_no_service_at_all if failed({"subject": {"type": "service", "id": "acme-ci"}}) == {"authorised"}

test_somebody_else_with_the_name_of_a_service if failed({"subject": {"type": "officer"}}) == {"authorised"}

test_every_call_failed if failed({"context": {"errors": 1000}}) == set()

test_more_failed_than_there_were if failed({"context": {"errors": 1001}}) == {"consistent"}

test_a_time_of_a_second if failed({"context": {"from": "2026-11-22T12:59:59Z"}}) == set()

test_a_time_of_nothing if failed({"context": {"from": "2026-11-22T13:00:00Z"}}) == {"over"}

test_a_time_that_ends_now if failed({"context": {"to": "2026-11-22T14:00:00Z"}}) == set()

test_a_time_that_is_not_over if failed({"context": {"to": "2026-11-22T14:00:01Z"}}) == {"over"}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"id": "voice"}},
		{"context": {"errors": 1001}},
		{"context": {"from": "2026-11-22T13:00:00Z"}},
	] {
		decision_on(change).allow == false
	}
}
