package privacy.view_test

import rego.v1

import data.privacy.view

table := {
	"officer": {
		"auditors": ["auditor"],
		"compliance": ["compliance_officer"],
		"cooks": ["cook"],
		"dpo": ["data_protection_officer"],
		"privacy": ["privacy_officer"],
	},
	"service": {"shop": ["consent_reader"], "kitchen": ["consent_recorder"]},
}

person := {"type": "person", "id": "psn_0123456789abcdef0123456789abcdef", "properties": {}}

page := {"type": "privacy_page", "id": "purposes", "properties": {}}

golden := {
	"subject": {"type": "officer", "id": "ofc-51", "properties": {"groups": ["privacy"]}},
	"action": {"name": "privacy.view"},
	"resource": person,
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

on(change) := decision if {
	decision := view.decision with input as object.union(golden, change) with data.roles as table
}

of(groups, thing) := on({"subject": {"properties": {"groups": groups}}, "resource": thing}).failed

by(name, thing) := on({"subject": {"type": "service", "id": name, "properties": {}}, "resource": thing}).failed

test_a_keeper_looks_at_a_person if {
	decision := on({})
	decision.allow == true
	decision.passed == view.required
	decision.failed == set()
	decision.obligations == []
}

test_who_looks_at_persons if {
	of(["dpo"], person) == set()
	of(["cooks", "privacy"], person) == set()
	every group in ["auditors", "compliance", "cooks"] {
		of([group], person) == {"authorised"}
	}
}

test_who_looks_at_pages if {
	every group in ["auditors", "compliance", "dpo", "privacy"] {
		of([group], page) == set()
	}
	of(["cooks"], page) == {"authorised"}
}

test_somebody_without_a_role if {
	decision := on({"subject": {"type": "visitor", "id": "visitor", "properties": {"groups": []}}})
	decision.allow == false
	decision.failed == {"authorised"}
}

test_a_service_asks_how_a_person_stands if {
	by("shop", person) == set()
	by("kitchen", person) == {"authorised"}
	by("garden", person) == {"authorised"}
}

test_a_service_reads_what_is_called_back if {
	by("shop", object.union(page, {"id": "recalls"})) == set()
	by("kitchen", object.union(page, {"id": "recalls"})) == {"authorised"}
	by("shop", page) == {"authorised"}
}

test_an_officer_called_as_a_service if {
	on({"subject": {"id": "shop", "properties": {"groups": []}}}).failed == {"authorised"}
}

test_something_that_is_neither if {
	of(["privacy"], object.union(page, {"type": "safe"})) == {"authorised"}
}
