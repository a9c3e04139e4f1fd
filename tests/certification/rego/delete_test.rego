package delete_test

import rego.v1

import data.delete

asked(id, soft) := {"subject": {"id": id}, "action": {"properties": {"soft": soft}}}

test_alice_deletes_softly if delete.decision.allow == true with input as asked("alice", true)

test_nobody_deletes_for_good if delete.decision.failed == {"soft"} with input as asked("alice", false)
