package marketplace.view_sales_test

import rego.v1

import data.marketplace.view_sales

table := {"officer": {"g-finance": ["finance"], "g-support": ["support"], "g-safety": ["trust_and_safety"]}}

golden := {
	"subject": {"type": "buyer", "id": "globex", "properties": {}},
	"action": {"name": "marketplace.view_sales"},
	"resource": {"type": "order", "id": "ord-1", "properties": {"owners": ["globex", "acme"]}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := view_sales.decision with input as object.union(golden, change) with data.roles as table
}

officer(groups) := {"subject": {"type": "officer", "id": "off-31", "properties": {"groups": groups}}}

test_the_buyer_sees_the_order if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view_sales.required
	decision.failed == set()
	decision.obligations == []
}

test_the_developer_sees_it_too if decision_on({"subject": {"type": "developer", "id": "acme"}}).failed == set()

test_nobody_else_does if decision_on({"subject": {"id": "initech"}}).failed == {"authorised"}

test_an_officer_with_the_id_of_the_buyer_is_not_the_buyer if {
	decision_on({"subject": {"type": "officer"}}).failed == {"authorised"}
}

test_finance_and_support_see_it if {
	every group in ["g-finance", "g-support"] { decision_on(officer([group])).failed == set() }
}

test_an_officer_of_another_office_does_not if decision_on(officer(["g-safety"])).failed == {"authorised"}

test_the_queue_of_finance_is_nobodys if {
	decision_on({"resource": {"properties": {"owners": []}}}).failed == {"authorised"}
}
