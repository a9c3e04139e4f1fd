package write_test

import rego.v1

import data.write

asked(id, subject, resource) := {"subject": {"id": id, "properties": subject}, "resource": {"properties": resource}}

test_alice_writes if write.decision.allow == true with input as asked("alice", {}, {})

test_alice_does_not_write_what_is_archived if {
	write.decision.failed == {"may_write"} with input as asked("alice", {}, {"status": "archived"})
}

test_bob_does_not_write if write.decision.failed == {"may_write"} with input as asked("bob", {}, {})

test_an_administrator_writes_what_is_archived if {
	write.decision.allow == true with input as asked("bob", {"role": "admin"}, {"status": "archived"})
}
