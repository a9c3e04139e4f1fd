package auditor_portal.view

# An auditor looks at a page of an engagement, or at the list of those that they take part in.
import rego.v1

import data.lib.audits
import data.lib.gates

required := {"address", "member", "open", "own_firm", "second_factor", "within"}

# The list shows of each engagement what its member knows anyway; each page of one is decided on by itself.
listing if {
	input.resource.type == "audit_firm"
	input.resource.properties.state == "unknown"
	input.resource.properties.object.kind == "engagements"
}

# METADATA
# title: the engagement is one of the auditor's own firm, and the firm is active
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.15]}
passed contains "own_firm" if audits.own_firm

# METADATA
# title: the auditor takes part in the engagement
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC6.3, iso27001/A.5.18]}
passed contains "member" if audits.member

passed contains "member" if listing

# METADATA
# title: the engagement has not been ended
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "open" if audits.open

passed contains "open" if listing

# METADATA
# title: access has begun and is not over
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.2, iso27001/A.5.18]}
passed contains "within" if audits.within

passed contains "within" if listing

# METADATA
# title: the request comes from a network of the auditor's firm
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.20]}
passed contains "address" if audits.address

# METADATA
# title: the auditor signed in with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if audits.second_factor

decision := gates.decision("auditor_portal.view", required, passed, [])
