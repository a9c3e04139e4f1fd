package marketplace.yank_test

import rego.v1

import data.marketplace.yank

golden := {
	"subject": {"type": "developer", "id": "acme", "properties": {}},
	"action": {"name": "marketplace.yank"},
	"resource": {
		"type": "release",
		"id": "invoice-reader:1.2.0",
		"properties": {"developer": "acme", "state": "listed"},
	},
	"context": {"reason": "broken"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := yank.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == yank.required
	decision.failed == set()
	decision.obligations == []
}

test_a_preview_is_hidden_as_well if failed({"resource": {"properties": {"state": "preview"}}}) == set()

test_trust_and_safety_hides_it if {
	change := {
		"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-trust-and-safety"]}},
	}
	failed(change) == set()
}

test_an_officer_of_another_office_hides_it if {
	change := {"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-finance"]}}}
	failed(change) == {"authorised"}
}

test_another_developer_hides_it if failed({"subject": {"id": "initech"}}) == {"authorised"}

test_an_officer_with_the_id_of_the_developer_is_not_the_developer if {
	change := {"subject": {"type": "officer"}}
	failed(change) == {"authorised"}
}

test_it_is_hidden_by_now if failed({"resource": {"properties": {"state": "yanked"}}}) == {"on_sale"}

test_nobody_can_install_a_draft_yet if failed({"resource": {"properties": {"state": "draft"}}}) == {"on_sale"}

test_what_is_in_quarantine_stays_there if {
	change := {"resource": {"properties": {"state": "quarantined"}}}
	failed(change) == {"on_sale"}
}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-finance"]}}},
		{"resource": {"properties": {"state": "yanked"}}},
	] {
		decision_on(change).allow == false
	}
}
