package marketplace.verify_test

import rego.v1

import data.marketplace.verify

golden := {
	"subject": {"type": "developer", "id": "dev-7f3a", "properties": {}},
	"action": {"name": "marketplace.verify"},
	"resource": {
		"type": "developer",
		"id": "dev-7f3a",
		"properties": {
			"kyc": {"complete": true},
			"security_audit": {"passed": true},
			"certificates": {
				"soc2": {"expires_at": "2027-06-30T00:00:00Z"},
				"iso27001": {"expires_at": "2028-03-01T00:00:00Z"},
			},
		},
	},
	"context": {},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

decision_on(change) := decision if {
	decision := verify.decision with input as object.union(golden, change)
}

failed(facts) := decision_on({"resource": {"properties": facts}}).failed

failed_without(path) := decision.failed if {
	decision := verify.decision with input as json.remove(golden, [path])
}

test_a_good_developer_passes_every_gate if {
	decision := decision_on({})
	decision.allow == true
	decision.passed == verify.required
	decision.failed == set()
	decision.obligations == []
}

# authorised

test_another_developer_asks if decision_on({"subject": {"id": "dev-0001"}}).failed == {"authorised"}

test_an_officer_of_compliance_asks if {
	officer := {"type": "officer", "id": "off-12", "properties": {"roles": ["compliance"]}}
	decision_on({"subject": officer}).failed == set()
}

test_an_officer_of_compliance_by_their_group if {
	officer := {"type": "officer", "id": "off-12", "properties": {"groups": ["omega-compliance"]}}
	decision_on({"subject": officer}).failed == set()
}

test_an_officer_of_another_office_asks if {
	officer := {"type": "officer", "id": "off-12", "properties": {"roles": ["finance"]}}
	decision_on({"subject": officer}).failed == {"authorised"}
}

test_an_officer_with_the_id_of_the_developer_is_not_the_developer if {
	decision_on({"subject": {"type": "officer"}}).failed == {"authorised"}
}

test_a_developer_who_claims_a_role if {
	other := {"id": "dev-0001", "properties": {"roles": ["compliance"]}}
	decision_on({"subject": other}).failed == {"authorised"}
}

# known, audited

test_identity_not_established if failed({"kyc": {"complete": false}}) == {"known"}

test_audit_not_passed if failed({"security_audit": {"passed": false}}) == {"audited"}

# soc2_valid

test_no_soc2_report if failed_without("resource/properties/certificates/soc2") == {"soc2_valid"}

test_soc2_report_valid_for_one_more_second if {
	failed({"certificates": {"soc2": {"expires_at": "2026-11-22T14:00:01Z"}}}) == set()
}

test_soc2_report_expires_now if {
	failed({"certificates": {"soc2": {"expires_at": "2026-11-22T14:00:00Z"}}}) == {"soc2_valid"}
}

# iso27001_valid

test_no_iso27001_certificate if failed_without("resource/properties/certificates/iso27001") == {"iso27001_valid"}

test_iso27001_certificate_valid_for_one_more_second if {
	failed({"certificates": {"iso27001": {"expires_at": "2026-11-22T14:00:01Z"}}}) == set()
}

test_iso27001_certificate_expires_now if {
	failed({"certificates": {"iso27001": {"expires_at": "2026-11-22T14:00:00Z"}}}) == {"iso27001_valid"}
}

test_without_a_clock_no_certificate_is_valid if failed_without("environment") == {"iso27001_valid", "soc2_valid"}

test_each_of_these_alone_denies if {
	every facts in [
		{"security_audit": {"passed": false}},
		{"certificates": {"iso27001": {"expires_at": "2026-11-22T14:00:00Z"}}},
	] {
		decision_on({"resource": {"properties": facts}}).allow == false
	}
}
