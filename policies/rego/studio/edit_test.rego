package studio.edit_test

import rego.v1

import data.studio.edit

golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "editor"}},
	"action": {"name": "studio.edit"},
	"resource": {
		"type": "workflow",
		"id": "wf-4b1e",
		"properties": {"workspace": {"id": "ws-7d20"}, "status": "draft", "findings": {"plaintext_secrets": 0}},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

decision_on(change) := decision if {
	decision := edit.decision with input as object.union(golden, change)
}

failed(change) := decision_on(change).failed

member(facts) := {"subject": {"properties": facts}}

workflow(facts) := {"resource": {"properties": facts}}

test_an_editor_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == edit.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_no_edit if not edit.decision.allow with input as {"action": {"name": "studio.edit"}}

# authorised

test_an_owner_may_edit if failed(member({"role": "owner"})) == set()

test_roles_that_may_not_edit if {
	every role in ["commenter", "viewer", "none"] {
		failed(member({"role": role})) == {"authorised"}
	}
}

test_a_member_of_another_workspace if failed(member({"workspace": "ws-0001"})) == {"authorised"}

# no_plaintext_secret

test_one_secret_in_plain_text if failed(workflow({"findings": {"plaintext_secrets": 1}})) == {"no_plaintext_secret"}

# not_archived

test_a_deployed_workflow_can_be_changed if failed(workflow({"status": "deployed"})) == set()

test_an_archived_workflow_stays_as_it_is if failed(workflow({"status": "archived"})) == {"not_archived"}

test_a_change_of_what_is_archived_is_denied if decision_on(workflow({"status": "archived"})).allow == false
