package marketplace.rescan_test

import rego.v1

import data.marketplace.rescan

golden := {
	"subject": {"type": "job", "id": "marketplace.rescan", "properties": {}},
	"action": {"name": "marketplace.rescan"},
	"resource": {
		"type": "release",
		"id": "invoice-reader:1.2.0",
		"properties": {"developer": "acme", "state": "listed"},
	},
	"context": {"critical": 1, "snapshot": "2026-11-22"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := rescan.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == rescan.required
	decision.failed == set()
	decision.obligations == []
}

test_in_a_preview if failed({"resource": {"properties": {"state": "preview"}}}) == set()

test_in_what_is_hidden if failed({"resource": {"properties": {"state": "yanked"}}}) == set()

test_in_what_is_in_quarantine if failed({"resource": {"properties": {"state": "quarantined"}}}) == set()

test_another_job if failed({"subject": {"id": "marketplace.watch_life"}}) == {"own"}

test_a_service_with_the_name_of_the_job if failed({"subject": {"type": "service"}}) == {"own"}

test_a_draft_is_inspected_when_it_is_published if {
	change := {"resource": {"properties": {"state": "draft"}}}
	failed(change) == {"on_sale"}
}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"id": "marketplace.watch_life"}},
		{"resource": {"properties": {"state": "draft"}}},
	] {
		decision_on(change).allow == false
	}
}
