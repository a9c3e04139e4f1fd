package marketplace.identify

# An office records how far it is established who a developer is (KYC).
import rego.v1

import data.lib.clock
import data.lib.gates
import data.lib.offices

required := {"authorised", "ends", "not_own", "second_factor"}

limits := data.thresholds.marketplace.identify

# METADATA
# title: an office that answers for it records who a developer is
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC9.2, iso27001/A.5.19, iso27001/A.8.3]}
passed contains "authorised" if offices.holds(input.subject, {"compliance", "compliance_officer", "finance"})

# METADATA
# title: nobody records this of a developer that they act for
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC5.1, iso27001/A.5.3]}
passed contains "not_own" if input.resource.properties.member == false

# METADATA
# title: the session was opened with a second factor
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if input.subject.properties.second_factor == true

# METADATA
# title: what was established holds for so long and no longer
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.19, iso27001/A.5.31]}
passed contains "ends" if input.context.state in {"pending", "refused"}

passed contains "ends" if {
	until := clock.at(input.context.until)
	clock.now < until
	until <= clock.now + clock.days(limits.max_days)
}

decision := gates.decision("marketplace.identify", required, passed, [])
