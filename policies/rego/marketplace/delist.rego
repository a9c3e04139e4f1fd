package marketplace.delist

# A listing is taken off the market.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.offices

required := {"authorised", "notice_given", "reason_fits"}

watch := "marketplace.watch_life"

# METADATA
# title: the listing is taken off by its developer, by trust and safety, or by the job that watches over its time
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if by_developer

passed contains "authorised" if by_trust_and_safety

passed contains "authorised" if by_job

# METADATA
# title: the reason is one that whoever takes the listing off may give
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.4, iso27001/A.5.26]}
passed contains "reason_fits" if {
	by_developer
	input.context.reason in {"end_of_life", "known_vulnerability", "withdrawn"}
}

passed contains "reason_fits" if {
	by_trust_and_safety
	input.context.reason in {"fraud", "known_vulnerability", "legal_order", "policy_violation"}
}

passed contains "reason_fits" if {
	by_job
	input.context.reason in {"end_of_life", "known_vulnerability"}
}

# METADATA
# title: notice was given, the announced end has come, or a known critical vulnerability has stayed open for too long
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC2.3, soc2/CC7.4, iso27001/A.8.8]}
passed contains "notice_given" if clock.at(input.context.notice_given_at) <= clock.now

passed contains "notice_given" if {
	input.context.reason == "known_vulnerability"
	open := clock.now - clock.at(input.resource.properties.critical_known_since)
	open > clock.days(data.thresholds.marketplace.delist.unpatched_critical_days)
}

passed contains "notice_given" if {
	by_job
	input.context.reason == "end_of_life"
	clock.at(input.resource.properties.ends_at) <= clock.now
}

by_developer if {
	input.subject.type == "developer"
	input.subject.id == input.resource.properties.developer
}

by_trust_and_safety if offices.holds(input.subject, {"trust_and_safety"})

by_trust_and_safety if {
	input.subject.type == "service"
	"trust_and_safety" in input.subject.properties.roles
}

by_job if {
	input.subject.type == "job"
	input.subject.id == watch
}

decision := gates.decision("marketplace.delist", required, passed, [])
