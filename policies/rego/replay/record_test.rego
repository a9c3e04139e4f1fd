package replay.record_test

import rego.v1

import data.replay.record

limits := {"detectors": ["credit_card", "email", "ssn"], "ciphers": ["aes-256-gcm"]}

regions := {"EU": "", "US": ""}

golden := {
	"subject": {"type": "service", "id": "recorder-1", "properties": {"tenant": "acme", "roles": ["recorder"]}},
	"action": {"name": "replay.record"},
	"resource": {
		"type": "run",
		"id": "run-20261122-0042",
		"properties": {
			"tenant": "acme",
			"region": "EU",
			"residency": "EU",
			"redaction": {"enabled": true, "before_storage": true, "detectors": ["credit_card", "email", "ssn"]},
			"encryption": {"snapshot": "aes-256-gcm", "placeholders": "aes-256-gcm"},
			"model": {"version_recorded": true, "seed_recorded": true},
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "replay"},
}

decision_on(change) := decision if {
	decision := record.decision with input as object.union(golden, change)
		with data.thresholds.replay.record as limits
		with data.residency.regions as regions
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

abroad(consent) := failed({"region": "US", "transfer_consent": consent})

test_a_good_snapshot_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == record.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.replay.record
	object.keys(shipped) == object.keys(limits)
	every limit in shipped {
		is_array(limit)
		count(limit) > 0
	}
	{"credit_card", "email", "ssn"} - {kind | some kind in shipped.detectors} == set()
	{cipher | some cipher in shipped.ciphers} - {"aes-256-gcm", "aes-256-gcm-siv"} == set()
}

test_missing_limits_close_their_gates if {
	decision := record.decision with input as golden
		with data.thresholds as {}
		with data.residency.regions as regions
	decision.failed == {"detection_complete", "encrypted"}
}

test_a_gate_that_no_data_describe_denies if {
	unseeded := {"resource": {"properties": {"model": {"seed_recorded": false}}}}
	not record.decision.allow with input as object.union(golden, unseeded)
		with data.thresholds.replay.record as limits
		with data.enforcement as {}
}

# authorised, own_tenant

test_another_service if decision_on({"subject": {"properties": {"roles": ["retention"]}}}).failed == {"authorised"}

test_the_run_of_another_tenant if failed({"tenant": "globex"}) == {"own_tenant"}

# redacted

test_redaction_is_off if failed({"redaction": {"enabled": false}}) == {"redacted"}

test_redaction_after_the_snapshot_is_written if failed({"redaction": {"before_storage": false}}) == {"redacted"}

# detection_complete

test_each_kind_of_personal_data_has_to_be_looked_for if {
	every found in [["credit_card", "email"], ["credit_card", "ssn"], ["email", "ssn"], []] {
		failed({"redaction": {"detectors": found}}) == {"detection_complete"}
	}
}

test_more_kinds_than_policy_names if {
	failed({"redaction": {"detectors": ["credit_card", "email", "iban", "name", "ssn"]}}) == set()
}

# encrypted

test_snapshot_in_the_clear if failed({"encryption": {"snapshot": "none"}}) == {"encrypted"}

test_placeholders_in_the_clear if failed({"encryption": {"placeholders": "none"}}) == {"encrypted"}

test_a_cipher_that_policy_does_not_name if failed({"encryption": {"snapshot": "aes-128-gcm"}}) == {"encrypted"}

# region_allowed

test_another_region_without_consent if failed({"region": "US"}) == {"region_allowed"}

test_another_region_with_explicit_consent if {
	abroad({"regions": ["US"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": false}) == set()
}

test_consent_to_the_transfer_withdrawn if {
	abroad({"regions": ["US"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": true}) == {"region_allowed"}
}

test_a_region_that_nobody_listed if failed({"region": "XX", "residency": "XX"}) == {"region_allowed"}

# reproducible

test_a_run_without_seed_is_recorded_all_the_same if {
	decision := decision_on({"resource": {"properties": {"model": {"seed_recorded": false}}}})
	decision.allow == true
	decision.failed == {"reproducible"}
}

test_a_run_without_version_is_recorded_all_the_same if {
	decision := decision_on({"resource": {"properties": {"model": {"version_recorded": false}}}})
	decision.allow == true
	decision.failed == {"reproducible"}
}
