package marketplace.follow_test

import rego.v1

import data.marketplace.follow

golden := {
	"subject": {"type": "developer", "id": "acme", "properties": {}},
	"action": {"name": "marketplace.follow"},
	"resource": {"type": "listing", "id": "invoice-reader", "properties": {"developer": "acme", "bought": false}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := follow.decision with input as object.union(object.remove(golden, replaced(change)), change)
}

# A subject that is named whole takes the place of the one above.
replaced(change) := {"subject" | change.subject.id; change.subject.properties}

failed(change) := decision_on(change).failed

test_a_good_one_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == follow.required
	decision.failed == set()
	decision.obligations == []
}

test_another_developer if failed({"subject": {"id": "initech"}}) == {"authorised"}

test_an_officer_of_trust_and_safety if {
	change := {
		"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-trust-and-safety"]}},
	}
	failed(change) == set()
}

test_support if {
	change := {"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-support"]}}}
	failed(change) == set()
}

test_compliance if {
	change := {"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-compliance"]}}}
	failed(change) == set()
}

test_an_auditor if {
	change := {"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-auditors"]}}}
	failed(change) == set()
}

test_finance_has_no_business_there if {
	change := {"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-finance"]}}}
	failed(change) == {"authorised"}
}

test_a_buyer_who_bought_it if {
	change := {
		"subject": {"type": "buyer", "id": "globex", "properties": {}},
		"resource": {"properties": {"bought": true}},
	}
	failed(change) == set()
}

test_a_buyer_who_did_not if failed({"subject": {"type": "buyer", "id": "globex", "properties": {}}}) == {"authorised"}

test_an_officer_of_no_business_there_who_bought_it if {
	change := {
		"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-finance"]}},
		"resource": {"properties": {"bought": true}},
	}
	failed(change) == {"authorised"}
}

test_a_buyer_with_the_id_of_the_developer if {
	change := {"subject": {"type": "buyer", "id": "acme", "properties": {}}}
	failed(change) == {"authorised"}
}

test_the_queue_is_for_the_offices if {
	change := {
		"subject": {"type": "officer", "id": "ofc-7", "properties": {"groups": ["omega-trust-and-safety"]}},
		"resource": {"type": "queue", "id": "trust-and-safety"},
	}
	failed(change) == set()
}

test_the_queue_is_not_for_a_developer if {
	change := {"resource": {"type": "queue", "id": "trust-and-safety"}}
	failed(change) == {"authorised"}
}

test_nor_for_a_buyer if {
	change := {
		"subject": {"type": "buyer", "id": "globex", "properties": {}},
		"resource": {"type": "queue", "id": "trust-and-safety", "properties": {"bought": true}},
	}
	failed(change) == {"authorised"}
}

test_each_of_these_alone_denies if {
	every change in [
		{"subject": {"id": "initech"}},
	] {
		decision_on(change).allow == false
	}
}
