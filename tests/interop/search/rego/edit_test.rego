package edit_test

import rego.v1

import data.edit

test_owners_are_entitled if {
	edit.decision.allow == true with input as {
		"subject": {"id": "u", "properties": {"role": "employee", "department": "a"}},
		"resource": {"properties": {"owner": "u", "department": "b"}},
	}
}
