package ai_act.report_incident_test

import rego.v1

import data.ai_act.report_incident

table := {"officer": {
	"admins": ["policy_admin"],
	"auditors": ["auditor"],
	"cisos": ["ciso"],
	"compliance": ["compliance_officer"],
	"security": ["security_officer"],
}}

told := {
	"ai_system": true,
	"critical_infrastructure": false,
	"death": false,
	"high_risk": false,
	"personal_data": true,
	"phi": false,
	"phi_500": false,
	"risk_unlikely": false,
	"serious_harm": true,
	"widespread": false,
}

question(properties, context) := {
	"subject": {"type": "officer", "id": "ofc-3", "properties": {"groups": ["compliance"], "second_factor": true}},
	"action": {"name": "ai_act.report_incident"},
	"resource": {"type": "incident", "id": "inc-1", "properties": properties},
	"context": context,
	"environment": {"time": "2026-11-22T14:00:00Z", "tenant": "default", "caller": "control"},
}

opening := question({"state": "none", "waiting": 0}, {
	"step": "open",
	"text": "a wrong dose was advised",
	"known_at": "2026-11-22T14:00:00Z",
	"facts": told,
})

assessing := question(
	{"state": "opened", "waiting": 2, "known_at": "2026-11-22T10:00:00Z"},
	{"step": "assess", "text": "the advice was the cause", "facts": told},
)

notifying := question({"state": "assessed", "waiting": 2, "known_at": "2026-11-22T10:00:00Z", "assessor": "ofc-4"}, {
	"step": "notify",
	"text": "sent by the portal of the authority",
	"recipient": "market_surveillance",
	"authority": "Bundesnetzagentur",
	"notified_at": "2026-11-22T14:00:00Z",
})

closing := question(
	{"state": "notified", "waiting": 0, "known_at": "2026-11-22T10:00:00Z", "assessor": "ofc-4"},
	{"step": "close", "text": "corrected, and watched for a month"},
)

each_step := [opening, assessing, notifying, closing]

decision_on(asked, change) := decision if {
	decision := report_incident.decision with input as object.union(asked, change) with data.roles as table
}

failed(asked, change) := decision_on(asked, change).failed

facts(change) := {"resource": {"properties": change}}

context(change) := {"context": change}

group(name) := {"subject": {"properties": {"groups": [name]}}}

without(asked, path) := json.remove(asked, [path])

test_each_step_passes_every_gate if {
	every asked in each_step {
		decision := decision_on(asked, {})
		decision.allow == true
		decision.passed == report_incident.required
		decision.failed == set()
		decision.obligations == []
	}
}

test_every_gate_blocks if {
	every rule in data.rules["ai_act.report_incident"] {
		rule.enforcement == "blocking"
	}
}

# authorised

test_who_may_take_each_step if {
	every name in ["cisos", "compliance"] {
		every asked in each_step {
			failed(asked, group(name)) == set()
		}
	}
	every asked in [opening, assessing, notifying] {
		failed(asked, group("security")) == set()
	}
	failed(closing, group("security")) == {"authorised"}
	failed(opening, group("admins")) == set()
	every asked in [assessing, notifying, closing] {
		failed(asked, group("admins")) == {"authorised"}
	}
	every asked in each_step {
		failed(asked, group("auditors")) == {"authorised"}
	}
}

# second_factor

test_a_session_without_a_second_factor if {
	failed(opening, {"subject": {"properties": {"second_factor": false}}}) == {"second_factor"}
}

# in_order

test_the_states_after_which_each_step_may_follow if {
	orders := {
		"open": {"none"},
		"assess": {"assessed", "notified", "opened"},
		"notify": {"assessed", "notified", "opened"},
		"close": {"assessed", "notified"},
	}
	every asked in each_step {
		every state in ["none", "opened", "assessed", "notified", "closed"] {
			failed(asked, facts({"state": state})) == refused(state in orders[asked.context.step])
		}
	}
}

refused(true) := set()

refused(false) := {"in_order"}

# in_time_order

test_nothing_is_opened_that_is_still_to_become_known if {
	failed(opening, context({"known_at": "2026-11-22T14:00:01Z"})) == {"in_time_order"}
	decision := report_incident.decision with input as without(opening, "context/known_at") with data.roles as table
	decision.failed == {"in_time_order"}
}

test_a_notification_lies_between_what_is_known_and_now if {
	failed(notifying, context({"notified_at": "2026-11-22T10:00:00Z"})) == set()
	failed(notifying, context({"notified_at": "2026-11-22T09:59:59Z"})) == {"in_time_order"}
	failed(notifying, context({"notified_at": "2026-11-22T14:00:01Z"})) == {"in_time_order"}
}

test_nobody_is_notified_of_what_is_not_known_since_when if {
	asked := without(notifying, "resource/properties/known_at")
	decision := report_incident.decision with input as asked with data.roles as table
	decision.failed == {"in_time_order"}
}

test_times_of_another_step_prove_nothing if {
	known := {"known_at": "2026-11-22T10:00:00Z"}
	failed(notifying, context(object.union(known, {"notified_at": "2026-11-22T14:00:01Z"}))) == {"in_time_order"}
	late := {"known_at": "2026-11-22T14:00:01Z", "notified_at": "2026-11-22T14:00:00Z"}
	failed(opening, {"resource": {"properties": known}, "context": late}) == {"in_time_order"}
}

# facts_stated

test_to_open_and_to_assess_takes_facts if {
	every asked in [opening, assessing] {
		decision := report_incident.decision with input as without(asked, "context/facts") with data.roles as table
		decision.failed == {"facts_stated"}
	}
}

# notification_named

test_a_notification_says_to_whom_it_went if {
	every name in ["context/authority", "context/recipient"] {
		decision := report_incident.decision with input as without(notifying, name) with data.roles as table
		decision.failed == {"notification_named"}
	}
}

test_a_notification_says_when_it_went if {
	asked := without(notifying, "context/notified_at")
	decision := report_incident.decision with input as asked with data.roles as table
	decision.failed == {"in_time_order", "notification_named"}
}

# assessed_by_another

test_nobody_closes_what_they_assessed_themselves if {
	failed(closing, facts({"assessor": "ofc-3"})) == {"assessed_by_another"}
	failed(closing, facts({"assessor": "OFC-3"})) == {"assessed_by_another"}
}

test_whoever_assessed_an_incident_may_go_on_with_it if {
	every asked in [opening, assessing, notifying] {
		failed(asked, facts({"assessor": "ofc-3"})) == set()
	}
}

test_nothing_is_closed_that_nobody_assessed if {
	asked := without(closing, "resource/properties/assessor")
	decision := report_incident.decision with input as asked with data.roles as table
	decision.failed == {"assessed_by_another"}
}

# nothing_due

test_nothing_is_closed_while_somebody_is_still_to_be_notified if failed(closing, facts({"waiting": 1})) == {"nothing_due"}

test_everything_but_closing_may_come_before_that if {
	every asked in [opening, assessing, notifying] {
		failed(asked, facts({"waiting": 1})) == set()
	}
}

# The clocks, which the service computes with.

test_every_clock_is_of_the_form_that_the_service_reads if {
	names := {"all", "hours", "law", "none", "recipient", "warn_hours"}
	every clock in data.incident_clocks {
		object.keys(clock) == names
		is_number(clock.warn_hours)
		is_string(clock.law)
		every fact in array.concat(clock.all, clock.none) {
			is_boolean(told[fact])
		}
	}
}

test_the_clocks_as_the_laws_have_them if {
	hours := {name: clock.hours | some name, clock in data.incident_clocks}
	hours == {
		"ai_act_death": 240,
		"ai_act_infrastructure": 48,
		"ai_act_serious": 360,
		"ai_act_widespread": 48,
		"gdpr_authority": 72,
		"gdpr_persons": null,
		"hipaa_persons": 1440,
		"hipaa_secretary": 1440,
	}
}
