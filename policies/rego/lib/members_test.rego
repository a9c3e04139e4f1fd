package lib.members_test

import rego.v1

import data.lib.members

editor := {"workspace": "ws-1", "role": "editor"}

test_a_role_in_this_workspace if members.holds(editor, "ws-1", {"owner", "editor"})

test_another_role if not members.holds(editor, "ws-1", {"owner"})

test_the_same_role_in_another_workspace if not members.holds(editor, "ws-2", {"owner", "editor"})

test_a_role_in_no_workspace if {
	not members.holds({"role": "editor"}, "ws-1", {"editor"})
	not members.holds({"workspace": null, "role": "editor"}, "ws-1", {"editor"})
}

test_no_role if not members.holds({"workspace": "ws-1"}, "ws-1", {"editor"})

test_no_roles_will_do if not members.holds(editor, "ws-1", set())
