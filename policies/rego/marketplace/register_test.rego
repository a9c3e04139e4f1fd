package marketplace.register_test

import rego.v1

import data.marketplace.register

limits := {"max_parties": {"developer": 1, "buyer": 2}, "tenant_group_prefix": "tenant-"}

lists := {"countries": {"KP": "listed"}, "entities": {"0000EXAMPLESANCT0015": "listed"}}

golden := {
	"subject": {"type": "officer", "id": "dev-1", "properties": {"groups": ["tenant-acme"]}},
	"action": {"name": "marketplace.register"},
	"resource": {
		"type": "party",
		"id": "acme",
		"properties": {"side": "developer", "taken": false, "held": 0, "tenant": "default"},
	},
	"context": {"kind": "individual", "country": "DE"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(document) := decision if {
	decision := register.decision with input as document
		with data.thresholds.marketplace.register as limits
		with data.sanctions as lists
}

failed(change) := decision_on(object.union(golden, change)).failed

party(facts) := {"resource": {"properties": facts}}

test_somebody_who_signed_in_registers if {
	decision := decision_on(golden)
	decision.allow == true
	decision.passed == register.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.register
	object.keys(shipped) == object.keys(limits)
	object.keys(shipped.max_parties) == {"buyer", "developer"}
	is_string(shipped.tenant_group_prefix)
}

# authorised

test_a_visitor_does_not_register if failed({"subject": {"type": "visitor", "id": "visitor"}}) == {"authorised", "own_tenant"}

# few

test_a_second_developer_of_one_account if failed(party({"held": 1})) == {"few"}

test_a_second_buyer_of_one_account if failed(party({"side": "buyer", "held": 1})) == set()

test_a_third_buyer_of_one_account if failed(party({"side": "buyer", "held": 2})) == {"few"}

# not_sanctioned

test_a_listed_country if failed({"context": {"country": "KP"}}) == {"not_sanctioned"}

test_an_organisation_without_a_legal_entity if failed({"context": {"kind": "organisation"}}) == {"not_sanctioned"}

test_an_organisation_that_is_listed if {
	failed({"context": {"kind": "organisation", "entity": "0000EXAMPLESANCT0015"}}) == {"not_sanctioned"}
}

test_an_organisation_that_is_not_listed if {
	failed({"context": {"kind": "organisation", "entity": "5493001KJTIIGC8Y1R12"}}) == set()
}

# own_tenant

test_a_tenant_that_the_group_names if failed(party({"tenant": "acme"})) == set()

test_a_tenant_that_no_group_names if failed(party({"tenant": "globex"})) == {"own_tenant"}

test_a_service_joins_the_tenant_of_its_token if {
	service := {"type": "service", "id": "acme-ci", "properties": {"tenant": "acme", "groups": ["tenant-globex"]}}
	failed(object.union({"subject": service}, party({"tenant": "acme"}))) == set()
	failed(object.union({"subject": service}, party({"tenant": "default"}))) == {"own_tenant"}
	failed(object.union({"subject": service}, party({"tenant": "globex"}))) == {"own_tenant"}
}

test_an_officer_does_not_name_a_tenant_of_their_own if {
	claims := {"subject": {"properties": {"tenant": "globex"}}}
	failed(object.union(claims, party({"tenant": "globex"}))) == {"own_tenant"}
}

# unused

test_a_name_in_use if failed(party({"taken": true})) == {"unused"}

# Where this gate fails, another does: that it blocks shows in nothing but what the decision says of it.
test_authorised_is_no_mere_report if data.rules["marketplace.register"].authorised.enforcement == "blocking"
