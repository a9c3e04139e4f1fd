package marketplace.quarantine_test

import rego.v1

import data.marketplace.quarantine

golden := {
	"subject": {
		"type": "officer",
		"id": "ofc-7",
		"properties": {"groups": ["omega-trust-and-safety"], "second_factor": true},
	},
	"action": {"name": "marketplace.quarantine"},
	"resource": {"type": "listing", "id": "invoice-reader", "properties": {"developer": "acme", "state": "listed"}},
	"context": {"reason": "malicious_code"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := quarantine.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == quarantine.required
	decision.failed == set()
	decision.obligations == []
}

test_a_listing_that_is_about_to_end if failed({"resource": {"properties": {"state": "deprecated"}}}) == set()

test_a_release_that_was_hidden if {
	change := {"resource": {"type": "release", "id": "invoice-reader:1.2.0", "properties": {"state": "yanked"}}}
	failed(change) == set()
}

test_a_preview if {
	change := {
		"resource": {"type": "release", "id": "invoice-reader:1.2.0", "properties": {"state": "preview"}},
	}
	failed(change) == set()
}

test_an_officer_of_support_puts_it_into_quarantine if {
	change := {"subject": {"properties": {"groups": ["omega-support"]}}}
	failed(change) == {"authorised"}
}

test_without_a_second_factor if failed({"subject": {"properties": {"second_factor": false}}}) == {"second_factor"}

test_it_is_in_quarantine_by_now if failed({"resource": {"properties": {"state": "quarantined"}}}) == {"on_sale"}

test_it_was_taken_off_before if failed({"resource": {"properties": {"state": "delisted"}}}) == {"on_sale"}

test_a_draft_harms_nobody if failed({"resource": {"properties": {"state": "draft"}}}) == {"on_sale"}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"properties": {"groups": ["omega-support"]}}},
		{"subject": {"properties": {"second_factor": false}}},
		{"resource": {"properties": {"state": "quarantined"}}},
	] {
		decision_on(change).allow == false
	}
}
