package read_test

import rego.v1

import data.read

test_alice_reads if read.decision.allow == true with input as {"subject": {"id": "alice"}}

test_a_stranger_does_not if read.decision.failed == {"known_reader"} with input as {"subject": {"id": "mallory"}}
