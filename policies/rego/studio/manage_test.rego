package studio.manage_test

import rego.v1

import data.studio.manage

change := "sha256:c0"

approval := {"person": "mem-0002", "role": "owner", "change": change, "at": "2026-11-22T14:00:00Z"}

# The rules of a strict workspace change, with the approval of a second owner.
golden := {
	"subject": {"type": "member", "id": "mem-3c11", "properties": {"workspace": "ws-7d20", "role": "owner"}},
	"action": {"name": "studio.manage"},
	"resource": {"type": "workspace", "id": "ws-7d20", "properties": {"governance": "strict"}},
	"context": {"operation": "change_rules", "change": change, "owners_after": 2, "approval": approval},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "studio"},
}

alone := json.remove(golden, ["context/approval"])

failed_on(document) := decision.failed if {
	decision := manage.decision with input as document
}

failed(difference) := failed_on(object.union(golden, difference))

failed_alone(difference) := failed_on(object.union(alone, difference))

member(facts) := {"subject": {"properties": facts}}

approved(facts) := {"context": {"approval": facts}}

test_two_owners_pass_every_gate if {
	decision := manage.decision with input as golden
	decision.allow == true
	decision.passed == manage.required
	decision.failed == set()
	decision.obligations == []
}

test_no_facts_nothing_managed if not manage.decision.allow with input as {"action": {"name": "studio.manage"}}

# authorised

test_roles_that_may_not_manage if {
	every role in ["editor", "commenter", "viewer", "none"] {
		failed(member({"role": role})) == {"authorised"}
	}
}

test_an_owner_of_another_workspace if failed(member({"workspace": "ws-0001"})) == {"authorised"}

# owner_remains

test_the_last_owner_leaves if {
	failed({"context": {"operation": "change_members", "owners_after": 0}}) == {"owner_remains"}
}

test_one_owner_remains if failed({"context": {"operation": "change_members", "owners_after": 1}}) == set()

test_a_workspace_that_ends_needs_no_owner if {
	failed({"context": {"operation": "delete_workspace", "owners_after": 0}}) == set()
}

# second_owner

test_members_are_changed_by_one_owner if failed_alone({"context": {"operation": "change_members"}}) == set()

test_rules_that_are_not_strict_are_changed_by_one_owner if {
	every level in ["open", "standard"] {
		failed_alone({"resource": {"properties": {"governance": level}}}) == set()
	}
}

test_strict_rules_are_not_changed_by_one_owner if {
	every operation in ["change_rules", "delete_workspace"] {
		failed_alone({"context": {"operation": operation}}) == {"second_owner"}
	}
}

test_nobody_approves_his_own_change if failed(approved({"person": "mem-3c11"})) == {"second_owner"}

test_capitals_make_no_second_owner if failed(approved({"person": "MEM-3C11"})) == {"second_owner"}

test_an_approval_of_someone_who_is_no_owner if failed(approved({"role": "editor"})) == {"second_owner"}

test_an_approval_of_another_change if failed(approved({"change": "sha256:c1"})) == {"second_owner"}

test_an_approval_still_to_be_given if failed(approved({"at": "2026-11-22T14:00:01Z"})) == {"second_owner"}
