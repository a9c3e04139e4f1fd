package marketplace.view_test

import rego.v1

import data.marketplace.view

table := {"officer": {
	"auditors": ["auditor"],
	"compliance": ["compliance_officer"],
	"cooks": ["cook"],
	"finance": ["finance"],
	"support": ["support"],
}}

golden := {
	"subject": {"type": "visitor", "id": "visitor", "properties": {"groups": [], "parties": [], "tenants": []}},
	"action": {"name": "marketplace.view"},
	"resource": {"type": "catalogue", "id": "public", "properties": {"public": true}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := view.decision with input as object.union(golden, change) with data.roles as table
}

failed(facts, sender) := decision_on({
	"subject": {"type": "officer", "id": "ofc-51", "properties": sender},
	"resource": {"properties": object.union({"public": false}, facts)},
}).failed

test_a_visitor_sees_what_is_public if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view.required
	decision.failed == set()
	decision.obligations == []
}

test_a_visitor_sees_nothing_else if {
	decision := decision_on({"resource": {"properties": {"public": false, "tenant": "acme", "parties": ["acme"]}}})
	decision.allow == false
	decision.failed == {"authorised"}
}

# authorised

test_a_private_catalogue_is_seen_by_its_tenant if failed({"tenant": "acme"}, {"tenants": ["globex", "acme"]}) == set()

test_a_private_catalogue_is_not_seen_by_others if failed({"tenant": "acme"}, {"tenants": ["globex"]}) == {"authorised"}

test_a_party_of_the_tenants_name_is_not_the_tenant if failed({"tenant": "acme"}, {"parties": ["acme"]}) == {"authorised"}

test_a_party_sees_its_own if failed({"parties": ["acme", "globex"]}, {"parties": ["globex"]}) == set()

test_a_party_does_not_see_what_belongs_to_others if failed({"parties": ["acme"]}, {"parties": ["globex"]}) == {"authorised"}

test_a_tenant_of_the_partys_name_is_not_the_party if failed({"parties": ["acme"]}, {"tenants": ["acme"]}) == {"authorised"}

test_an_office_sees_its_queue if failed({"office": "finance"}, {"groups": ["finance"]}) == set()

test_an_office_does_not_see_the_queue_of_another if failed({"office": "finance"}, {"groups": ["support"]}) == {"authorised"}

test_an_office_sees_no_party if failed({"parties": ["acme"]}, {"groups": ["finance"]}) == {"authorised"}

test_who_oversees_sees_everything if {
	every group in ["auditors", "compliance"] {
		failed({"parties": ["acme"]}, {"groups": [group]}) == set()
	}
}

test_another_role_sees_nothing if failed({}, {"groups": ["cooks"]}) == {"authorised"}
