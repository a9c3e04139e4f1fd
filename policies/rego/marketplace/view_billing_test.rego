package marketplace.view_billing_test

import rego.v1

import data.marketplace.view_billing

golden := {
	"subject": {"type": "buyer", "id": "globex", "properties": {}},
	"action": {"name": "marketplace.view_billing"},
	"resource": {
		"type": "billing",
		"id": "invoices",
		"properties": {"shows": "invoices", "of": "globex", "on_sale": false},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

offices := {"omega-auditors": ["auditor"], "omega-finance": ["finance"], "omega-support": ["support"]}

decision_on(change) := decision if {
	decision := view_billing.decision with input as object.union(golden, change)
		with data.roles as {"officer": offices}
}

allowed(subject, facts) if {
	decision_on({"subject": subject, "resource": {"properties": facts}}).failed == set()
}

denied(subject, facts) if {
	decision_on({"subject": subject, "resource": {"properties": facts}}).failed == {"authorised"}
}

developer := {"type": "developer", "id": "acme"}

visitor := {"type": "visitor", "id": "visitor"}

officer(group) := {"type": "officer", "id": "ofc-51", "properties": {"groups": [group]}}

test_a_buyer_sees_their_own_invoices if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view_billing.required
	decision.failed == set()
	decision.obligations == []
}

test_a_buyer_sees_nobody_elses_invoices if denied({}, {"of": "initech"})

test_a_buyer_sees_no_coupons if denied({}, {"shows": "coupons"})

test_a_buyer_of_the_name_of_a_developer_sees_no_plans_of_theirs if denied({}, {"shows": "plans"})

test_everybody_sees_the_plans_of_what_is_on_sale if allowed(visitor, {"shows": "plans", "of": "acme", "on_sale": true})

test_nobody_sees_the_plans_of_what_is_not_on_sale if denied(visitor, {"shows": "plans", "of": "acme"})

test_that_an_agent_is_on_sale_shows_no_coupons if denied(visitor, {"shows": "coupons", "of": "acme", "on_sale": true})

test_a_developer_sees_their_own_plans_and_coupons if {
	allowed(developer, {"shows": "plans", "of": "acme"})
	allowed(developer, {"shows": "coupons", "of": "acme"})
}

test_a_developer_sees_nobody_elses if {
	denied(developer, {"shows": "plans", "of": "initech"})
	denied(developer, {"shows": "coupons", "of": "initech"})
}

test_a_developer_sees_no_invoices if denied(developer, {"of": "acme"})

test_a_service_with_the_name_of_a_developer_is_none if {
	denied({"type": "service", "id": "acme"}, {"shows": "coupons", "of": "acme"})
}

test_a_service_with_the_name_of_a_buyer_is_none if denied({"type": "service"}, {})

test_finance_sees_everything if {
	every shows in ["coupons", "invoices", "plans"] { allowed(officer("omega-finance"), {"shows": shows, "of": ""}) }
}

test_an_auditor_sees_everything if {
	every shows in ["coupons", "invoices", "plans"] { allowed(officer("omega-auditors"), {"shows": shows, "of": ""}) }
}

test_another_office_sees_nothing if {
	every shows in ["coupons", "invoices", "plans"] { denied(officer("omega-support"), {"shows": shows, "of": ""}) }
}

test_who_is_no_officer_holds_no_office if {
	decision := view_billing.decision with input as object.union(golden, {"subject": {
		"type": "visitor",
		"id": "visitor",
		"properties": {"groups": ["omega-finance"]},
	}})
		with data.roles as {"visitor": {"omega-finance": ["finance"]}}
	decision.failed == {"authorised"}
}
