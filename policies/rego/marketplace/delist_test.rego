package marketplace.delist_test

import rego.v1

import data.marketplace.delist

limits := {"unpatched_critical_days": 7}

golden := {
	"subject": {"type": "developer", "id": "dev-7f3a", "properties": {}},
	"action": {"name": "marketplace.delist"},
	"resource": {"type": "listing", "id": "invoice-reader", "properties": {"developer": "dev-7f3a"}},
	"context": {"reason": "end_of_life", "notice_given_at": "2026-08-01T10:00:00Z"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

trust_and_safety := {"type": "officer", "id": "off-08", "properties": {"roles": ["trust_and_safety"]}}

# The scheduler takes off, without notice, what was not patched in time.
unpatched(known_since) := {
	"subject": {"type": "service", "id": "delisting-job", "properties": {"roles": ["trust_and_safety"]}},
	"action": {"name": "marketplace.delist"},
	"resource": {
		"type": "listing",
		"id": "invoice-reader",
		"properties": {"developer": "dev-7f3a", "critical_known_since": known_since},
	},
	"context": {"reason": "known_vulnerability"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "marketplace"},
}

failed_on(document) := decision.failed if {
	decision := delist.decision with input as document with data.thresholds.marketplace.delist as limits
}

failed(change) := failed_on(object.union(golden, change))

by_officer(reason) := failed({"subject": trust_and_safety, "context": {"reason": reason}})

by_developer(reason) := failed({"context": {"reason": reason}})

test_a_good_delisting_passes_every_gate if {
	decision := delist.decision with input as golden with data.thresholds.marketplace.delist as limits
	decision.allow == true
	decision.passed == delist.required
	decision.failed == set()
	decision.obligations == []
}

test_the_shipped_limits_are_what_the_rules_compare_with if {
	shipped := data.thresholds.marketplace.delist
	object.keys(shipped) == object.keys(limits)
	is_number(shipped.unpatched_critical_days)
}

# authorised

test_another_developers_listing if {
	failed({"resource": {"properties": {"developer": "dev-0001"}}}) == {"authorised", "reason_fits"}
}

test_an_officer_of_trust_and_safety if by_officer("policy_violation") == set()

test_an_officer_of_another_office if {
	officer := {"type": "officer", "id": "off-08", "properties": {"roles": ["finance"]}}
	failed({"subject": officer, "context": {"reason": "fraud"}}) == {"authorised", "reason_fits"}
}

test_a_developer_who_claims_a_role if {
	other := {"id": "dev-0001", "properties": {"roles": ["trust_and_safety"]}}
	failed({"subject": other, "context": {"reason": "fraud"}}) == {"authorised", "reason_fits"}
}

test_an_officer_with_the_id_of_the_developer_is_not_the_developer if {
	failed({"subject": {"type": "officer"}}) == {"authorised", "reason_fits"}
}

# reason_fits

test_reasons_of_a_developer if {
	every reason in ["end_of_life", "known_vulnerability", "withdrawn"] {
		by_developer(reason) == set()
	}
	every reason in ["fraud", "legal_order", "policy_violation"] {
		by_developer(reason) == {"reason_fits"}
	}
}

test_reasons_of_trust_and_safety if {
	every reason in ["fraud", "known_vulnerability", "legal_order", "policy_violation"] {
		by_officer(reason) == set()
	}
	every reason in ["end_of_life", "withdrawn"] {
		by_officer(reason) == {"reason_fits"}
	}
}

# notice_given

test_no_notice if failed_on(json.remove(golden, ["context/notice_given_at"])) == {"notice_given"}

test_notice_given_this_second if failed({"context": {"notice_given_at": "2026-11-22T14:00:00Z"}}) == set()

test_notice_to_be_given_later if failed({"context": {"notice_given_at": "2026-11-22T14:00:01Z"}}) == {"notice_given"}

test_a_critical_vulnerability_open_for_seven_days_and_a_second if failed_on(unpatched("2026-11-15T13:59:59Z")) == set()

test_a_critical_vulnerability_open_for_exactly_seven_days if {
	failed_on(unpatched("2026-11-15T14:00:00Z")) == {"notice_given"}
}

test_the_vulnerability_excuses_no_other_reason if {
	old := object.union(unpatched("2026-01-01T00:00:00Z"), {"context": {"reason": "policy_violation"}})
	failed_on(old) == {"notice_given"}
}

test_the_reason_alone_proves_no_vulnerability if {
	claimed := json.remove(unpatched("2026-01-01T00:00:00Z"), ["resource/properties/critical_known_since"])
	failed_on(claimed) == {"notice_given"}
}

test_without_a_limit_no_vulnerability_is_old_enough if {
	decision := delist.decision with input as unpatched("2026-01-01T00:00:00Z") with data.thresholds as {}
	decision.failed == {"notice_given"}
}

# by the job that watches over time

watch := {"subject": {"type": "job", "id": "marketplace.watch_life", "properties": {}}}

ended(at) := {
	"subject": watch.subject,
	"action": {"name": "marketplace.delist"},
	"resource": {"type": "listing", "id": "invoice-reader", "properties": {"developer": "dev-7f3a", "ends_at": at}},
	"context": {"reason": "end_of_life"},
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

test_the_job_takes_off_what_was_not_patched_in_time if {
	failed_on(object.union(unpatched("2026-11-15T13:59:59Z"), watch)) == set()
	failed_on(object.union(unpatched("2026-11-15T14:00:00Z"), watch)) == {"notice_given"}
}

test_the_job_takes_off_what_has_ended if {
	failed_on(ended("2026-11-22T14:00:00Z")) == set()
	failed_on(ended("2026-11-22T14:00:01Z")) == {"notice_given"}
}

test_an_end_excuses_nobody_else_from_notice if {
	failed_on(object.union(ended("2026-11-22T14:00:00Z"), {"subject": golden.subject})) == {"notice_given"}
}

test_an_end_is_no_reason_for_another_reason if {
	fraud := object.union(ended("2026-11-22T14:00:00Z"), {"context": {"reason": "fraud"}})
	failed_on(fraud) == {"notice_given", "reason_fits"}
	withdrawn := object.union(unpatched("2026-11-01T00:00:00Z"), watch)
	failed_on(object.union(withdrawn, {"context": {"reason": "withdrawn"}})) == {"notice_given", "reason_fits"}
	known := object.union(ended("2026-11-22T14:00:00Z"), {"context": {"reason": "known_vulnerability"}})
	failed_on(known) == {"notice_given"}
}

test_another_job if {
	other := object.union(unpatched("2026-11-01T00:00:00Z"), {"subject": {"type": "job", "id": "marketplace.rescan"}})
	failed_on(other) == {"authorised", "reason_fits"}
}

test_an_officer_by_their_group if {
	officer := {"type": "officer", "id": "off-08", "properties": {"groups": ["omega-trust-and-safety"]}}
	failed({"subject": officer, "context": {"reason": "fraud"}}) == set()
}

# Where this gate fails, others do: that it blocks shows in nothing but what the decision says of it.
test_authorised_is_no_mere_report if data.rules["marketplace.delist"].authorised.enforcement == "blocking"

test_a_service_without_the_office if {
	service := {"type": "service", "properties": {"roles": ["finance"]}}
	failed({"subject": service, "context": {"reason": "fraud"}}) == {"authorised", "reason_fits"}
}

test_nobody_is_the_job_by_its_name if {
	failed({"subject": {"type": "officer", "id": "marketplace.watch_life"}}) == {"authorised", "reason_fits"}
}
