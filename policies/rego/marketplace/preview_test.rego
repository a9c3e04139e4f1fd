package marketplace.preview_test

import rego.v1

import data.marketplace.preview

table := {"officer": {
	"auditors": ["auditor"],
	"compliance": ["compliance_officer"],
	"finance": ["finance"],
	"safety": ["trust_and_safety"],
}}

golden := {
	"subject": {"type": "officer", "id": "dev-1", "properties": {"groups": [], "parties": ["acme"]}},
	"action": {"name": "marketplace.preview"},
	"resource": {"type": "release", "id": "invoice-reader:1.0.0", "properties": {"developer": "acme"}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

decision_on(change) := decision if {
	decision := preview.decision with input as object.union(golden, change) with data.roles as table
}

failed(sender) := decision_on({"subject": {"properties": sender}}).failed

test_the_developer_tries_the_gates if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == preview.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_another_party if failed({"parties": ["globex"]}) == {"authorised"}

test_who_looks_into_releases if {
	every group in ["auditors", "compliance", "safety"] {
		failed({"parties": [], "groups": [group]}) == set()
	}
}

test_another_office if failed({"parties": [], "groups": ["finance"]}) == {"authorised"}
