package view_test

import rego.v1

import data.view

test_owners_are_entitled if {
	view.decision.allow == true with input as {
		"subject": {"id": "u", "properties": {"role": "employee", "department": "a"}},
		"resource": {"properties": {"owner": "u", "department": "b"}},
	}
}
