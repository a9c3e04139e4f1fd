package ai_act.report_incident

# An incident is opened, or takes its next step: assessed, notified, closed. Which clocks run, and until when, the
# service computes from data.incident_clocks; it states here how many of them still wait.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.persons
import data.lib.roles

required := {
	"assessed_by_another",
	"authorised",
	"facts_stated",
	"in_order",
	"in_time_order",
	"notification_named",
	"nothing_due",
	"second_factor",
}

incident := input.resource.properties

step := input.context.step

answering := {"ciso", "compliance_officer", "security_officer"}

# Who may take each step.
persons_for := {
	"open": answering | {"policy_admin"},
	"assess": answering,
	"notify": answering,
	"close": {"ciso", "compliance_officer"},
}

# The states after which each step may follow.
after := {
	"open": {"none"},
	"assess": {"assessed", "notified", "opened"},
	"notify": {"assessed", "notified", "opened"},
	"close": {"assessed", "notified"},
}

# METADATA
# title: whoever takes this step of an incident holds a role that may
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [eu-ai-act/Art.73, soc2/CC6.3, soc2/CC7.4, iso27001/A.5.24]}
passed contains "authorised" if roles.holds(input.subject, persons_for[step])

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: the step follows from where the incident is, and a closed one stays closed
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.4, iso27001/A.5.26]}
passed contains "in_order" if incident.state in after[step]

# METADATA
# title: what is said to have happened has happened by now, and nobody was notified before it was known
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.3, iso27001/A.5.28]}
passed contains "in_time_order" if {
	step == "open"
	clock.at(input.context.known_at) <= clock.now
}

passed contains "in_time_order" if step in {"assess", "close"}

passed contains "in_time_order" if {
	step == "notify"
	clock.at(incident.known_at) <= clock.at(input.context.notified_at)
	clock.at(input.context.notified_at) <= clock.now
}

# METADATA
# title: whoever opens or assesses an incident states whom and what it concerns
# custom:
#   {severity: high, enforcement: blocking,
#    controls: [eu-ai-act/Art.73, gdpr/Art.33, "hipaa/164.308(a)(6)(ii)", soc2/CC7.3, iso27001/A.5.25]}
passed contains "facts_stated" if step in {"close", "notify"}

passed contains "facts_stated" if is_object(input.context.facts)

# METADATA
# title: a notification names whom it went to, and when
# custom:
#   {severity: high, enforcement: blocking,
#    controls: [eu-ai-act/Art.73, gdpr/Art.33, gdpr/Art.34, soc2/P6.6, iso27001/A.5.26]}
passed contains "notification_named" if step in {"assess", "close", "open"}

passed contains "notification_named" if {
	is_string(input.context.recipient)
	is_string(input.context.authority)
	is_string(input.context.notified_at)
}

# METADATA
# title: an incident is closed by another person than the one that assessed it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC5.1, soc2/CC7.4, iso27001/A.5.3, iso27001/A.5.27]}
passed contains "assessed_by_another" if step in {"assess", "notify", "open"}

passed contains "assessed_by_another" if persons.differ(input.subject.id, incident.assessor)

# METADATA
# title: an incident is closed once everybody has been notified whom its clocks name
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [eu-ai-act/Art.73, gdpr/Art.33, gdpr/Art.34, soc2/P6.6]}
passed contains "nothing_due" if step in {"assess", "notify", "open"}

passed contains "nothing_due" if incident.waiting == 0

decision := gates.decision("ai_act.report_incident", required, passed, [])
