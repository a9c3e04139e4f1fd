package lib.persons_test

import rego.v1

import data.lib.persons

test_two_ids_are_two_persons if persons.differ("usr-31", "usr-32")

test_one_id_is_one_person if not persons.differ("usr-31", "usr-31")

test_capitals_make_no_second_person if {
	not persons.differ("usr-31", "USR-31")
	not persons.differ("Anna.Roth", "anna.roth")
}

# A rule, since engines disagree on `not` before a call that is given nothing.
nobody_differs if persons.differ("usr-31", input.nobody)

nobody_differs if persons.differ(input.nobody, "usr-31")

test_nobody_is_no_second_person if not nobody_differs
