package marketplace.verify

# A developer receives the badge `verified`. Free agents can be published without it.
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.offices

required := {"audited", "authorised", "iso27001_valid", "known", "soc2_valid"}

# METADATA
# title: the badge is asked for by the developer it is for, or by a compliance officer
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "developer"
	input.subject.id == input.resource.id
}

passed contains "authorised" if offices.holds(input.subject, {"compliance", "compliance_officer"})

# METADATA
# title: the identity of the developer is established (KYC)
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.19, iso27001/A.5.31]}
passed contains "known" if input.resource.properties.kyc.complete == true

# METADATA
# title: the developer has passed a security audit
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC4.1, soc2/CC9.2, iso27001/A.5.35]}
passed contains "audited" if input.resource.properties.security_audit.passed == true

# METADATA
# title: a SOC 2 report is present and has not expired
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.22]}
passed contains "soc2_valid" if clock.at(input.resource.properties.certificates.soc2.expires_at) > clock.now

# METADATA
# title: an ISO/IEC 27001 certificate is present and has not expired
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.22]}
passed contains "iso27001_valid" if clock.at(input.resource.properties.certificates.iso27001.expires_at) > clock.now

decision := gates.decision("marketplace.verify", required, passed, [])
