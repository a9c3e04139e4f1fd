package platform.store_data_test

import rego.v1

import data.platform.store_data

limits := {"ciphers": ["aes-256-gcm"]}

regions := {"EU": "", "US": ""}

golden := {
	"subject": {"type": "service", "id": "intake-job"},
	"action": {"name": "platform.store_data"},
	"resource": {
		"type": "dataset",
		"id": "admissions-2026",
		"properties": {
			"phi": {"searched": true, "present": true},
			"encryption": {"at_rest": true, "cipher": "aes-256-gcm"},
			"region": "US",
			"residency": "US",
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "platform"},
}

consent := {"regions": ["EU"], "given_at": "2026-10-01T09:00:00Z", "withdrawn": false}

decision_on(facts) := decision if {
	decision := store_data.decision with input as object.union(golden, {"resource": {"properties": facts}})
		with data.thresholds.platform.store_data as limits
		with data.residency.regions as regions
}

failed(facts) := decision_on(facts).failed

test_good_storage_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == store_data.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.platform.store_data
	object.keys(shipped) == object.keys(limits)
	is_array(shipped.ciphers)
	{cipher | some cipher in shipped.ciphers} - {"aes-256-gcm", "aes-256-gcm-siv"} == set()
}

test_missing_limits_close_their_gates if {
	decision := store_data.decision with input as golden with data.thresholds as {} with data.residency as {}
	decision.failed == {"encrypted", "region_allowed"}
}

# classified, encrypted

test_encryption_at_rest if {
	decision := decision_on({"encryption": {"at_rest": false, "cipher": "none"}})
	decision.allow == false
	decision.failed == {"encrypted"}
}

test_a_cipher_that_policy_does_not_name if failed({"encryption": {"cipher": "aes-128-gcm"}}) == {"encrypted"}

test_a_cipher_without_encryption_at_rest if failed({"encryption": {"at_rest": false}}) == {"encrypted"}

test_without_health_data_the_clear_will_do if {
	failed({"phi": {"present": false}, "encryption": {"at_rest": false, "cipher": "none"}}) == set()
}

test_nobody_looked_for_health_data if {
	failed({"phi": {"searched": false}}) == {"classified"}
	failed({
		"phi": {"searched": false, "present": false},
		"encryption": {"at_rest": false, "cipher": "none"},
	}) == {"classified", "encrypted"}
}

# region_allowed

test_another_region_without_consent if failed({"region": "EU"}) == {"region_allowed"}

test_another_region_with_explicit_consent if failed({"region": "EU", "transfer_consent": consent}) == set()

test_data_that_nobody_searched_are_denied if decision_on({"phi": {"searched": false}}).allow == false
