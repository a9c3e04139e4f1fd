package studio.comment_test

import rego.v1

import data.studio.comment

golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "commenter"}},
	"action": {"name": "studio.comment"},
	"resource": {
		"type": "workflow",
		"id": "wf-4b1e",
		"properties": {"workspace": {"id": "ws-7d20"}, "status": "deployed"},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

decision_on(change) := decision if {
	decision := comment.decision with input as object.union(golden, change)
}

failed(change) := decision_on(change).failed

member(facts) := {"subject": {"properties": facts}}

workflow(facts) := {"resource": {"properties": facts}}

test_a_commenter_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == comment.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_comment if not comment.decision.allow with input as {"action": {"name": "studio.comment"}}

# authorised

test_roles_that_may_comment if {
	every role in ["owner", "editor", "commenter"] {
		failed(member({"role": role})) == set()
	}
}

test_roles_that_may_not_comment if {
	every role in ["viewer", "none"] {
		failed(member({"role": role})) == {"authorised"}
	}
}

test_a_member_of_another_workspace if failed(member({"workspace": "ws-0001"})) == {"authorised"}

# not_archived

test_a_draft_can_be_commented if failed(workflow({"status": "draft"})) == set()

test_an_archived_workflow_stays_as_it_is if failed(workflow({"status": "archived"})) == {"not_archived"}
