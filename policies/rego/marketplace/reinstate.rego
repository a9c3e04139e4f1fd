package marketplace.reinstate

# What was taken off the market, or away from installs, comes back.
import rego.v1

import data.lib.gates
import data.lib.offices
import data.lib.persons

required := {"another_person", "authorised", "patched", "second_factor", "taken_off"}

watch := "marketplace.watch_life"

facts := input.resource.properties

# METADATA
# title: trust and safety reinstates; the job that watches over time may where a vulnerability was all there was
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC7.5, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if offices.holds(input.subject, {"trust_and_safety"})

passed contains "authorised" if {
	by_job
	input.resource.type == "listing"
	facts.state == "delisted"
	facts.reason == "known_vulnerability"
}

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

passed contains "second_factor" if by_job

# METADATA
# title: it was taken off before
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.5, iso27001/A.5.26]}
passed contains "taken_off" if facts.state in {"delisted", "quarantined", "yanked"}

# METADATA
# title: no known critical vulnerability is open in what comes back
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC7.1, soc2/CC7.5, iso27001/A.8.8]}
passed contains "patched" if facts.open_criticals == 0

# METADATA
# title: another person than the one who took it off brings it back; the job may bring back what it took off itself
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC5.1, iso27001/A.5.3]}
passed contains "another_person" if persons.differ(input.subject.id, facts.taken_off_by)

passed contains "another_person" if by_job

by_job if {
	input.subject.type == "job"
	input.subject.id == watch
}

decision := gates.decision("marketplace.reinstate", required, passed, [])
