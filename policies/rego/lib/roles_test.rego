package lib.roles_test

import rego.v1

import data.lib.roles

table := {
	"officer": {"authors": ["policy_author"], "leads": ["policy_author", "ciso"], "guests": []},
	"job": {"leads": ["policy_admin"]},
}

of(subject) := found if found := roles.of(subject) with data.roles as table

officer(groups) := {"type": "officer", "id": "ofc-1", "properties": {"groups": groups}}

test_a_group_gives_its_roles if of(officer(["authors"])) == {"policy_author"}

test_several_groups_give_the_roles_of_all if of(officer(["authors", "guests", "leads"])) == {"policy_author", "ciso"}

test_a_group_that_nobody_named_gives_none if of(officer(["strangers"])) == set()

test_no_groups_no_roles if {
	of(officer([])) == set()
	of({"type": "officer", "id": "ofc-1", "properties": {}}) == set()
	of({"type": "officer", "id": "ofc-1"}) == set()
}

test_the_groups_of_one_type_are_not_those_of_another if {
	of({"type": "job", "id": "drift", "properties": {"groups": ["leads"]}}) == {"policy_admin"}
	of({"type": "visitor", "id": "visitor", "properties": {"groups": ["leads"]}}) == set()
}

holds(groups, wanted) if roles.holds(officer(groups), wanted) with data.roles as table

test_one_role_of_several_is_enough if {
	holds(["leads"], {"ciso", "policy_admin"})
	holds(["leads"], {"ciso", "policy_author"})
}

test_another_role_will_not_do if {
	not holds(["authors"], {"ciso"})
	not holds(["authors"], set())
	not holds([], {"ciso"})
}

test_the_shipped_roles_can_be_read if {
	count(data.roles) > 0
	every type, groups in data.roles {
		regex.match(`^[a-z]+$`, type)
		every group, held in groups {
			regex.match(`^[!-~]{1,128}$`, group)
			count(held) > 0
			every role in held {
				regex.match(`^[a-z_]+$`, role)
			}
		}
	}
}
