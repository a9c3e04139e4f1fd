package auditor_portal.test_control

# An auditor runs tests of controls again, over what the log has sealed.
import rego.v1

import data.lib.audits
import data.lib.clock
import data.lib.gates

required := {"address", "in_engagement", "member", "open", "own_firm", "period_over", "second_factor", "within"}

test := input.resource.properties.object

# METADATA
# title: the engagement is one of the auditor's own firm, and the firm is active
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15]}
passed contains "own_firm" if audits.own_firm

# METADATA
# title: the auditor takes part in the engagement
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.18]}
passed contains "member" if audits.member

# METADATA
# title: the engagement has not been ended
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "open" if audits.open

# METADATA
# title: access has begun and is not over
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "within" if audits.within

# METADATA
# title: the request comes from a network of the auditor's firm
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.20]}
passed contains "address" if audits.address

# METADATA
# title: the auditor signed in with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if audits.second_factor

# METADATA
# title: the control serves a framework of the engagement
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC4.1, soc2/CC6.3, iso27001/9.2.2]}
passed contains "in_engagement" if {
	some framework in test.serves
	framework in test.frameworks
}

# METADATA
# title: events are tested once the period is over, because their populations are complete then, and configuration while it lasts
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC4.1, iso27001/9.2.2]}
passed contains "period_over" if {
	test.phase == "events"
	clock.at(test.period_end) <= clock.now
}

passed contains "period_over" if {
	test.phase == "configuration"
	clock.now < clock.at(test.period_end)
}

decision := gates.decision("auditor_portal.test_control", required, passed, [])
