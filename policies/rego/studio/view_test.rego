package studio.view_test

import rego.v1

import data.studio.view

golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "viewer"}},
	"action": {"name": "studio.view"},
	"resource": {"type": "workflow", "id": "wf-4b1e", "properties": {"workspace": {"id": "ws-7d20"}}},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

decision_on(change) := decision if {
	decision := view.decision with input as object.union(golden, change)
}

failed(change) := decision_on(change).failed

member(facts) := {"subject": {"properties": facts}}

test_a_viewer_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == view.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_view if not view.decision.allow with input as {"action": {"name": "studio.view"}}

# authorised

test_every_role_may_look if {
	every role in ["owner", "editor", "commenter", "viewer"] {
		failed(member({"role": role})) == set()
	}
}

test_someone_without_a_role if failed(member({"role": "none"})) == {"authorised"}

test_a_member_of_another_workspace if failed(member({"workspace": "ws-0001", "role": "owner"})) == {"authorised"}
