package auditor_portal.sign_in

# Somebody signs in to the auditor portal, in four steps: they leave for the identity provider of a firm (`leave`), come
# back with its answer (`answer`), may try a code where the provider cannot say that there was a second factor (`try`),
# and have given the right one (`code`). Each step is decided on; a session begins after the last.
import rego.v1

import data.lib.audits
import data.lib.gates

required := {"address", "auditor_active", "firm_active", "second_factor", "verified"}

attempt := input.resource.properties

# METADATA
# title: what was shown of who signs in was verified; whoever leaves for the identity provider has nothing to show yet
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.16, iso27001/A.8.5]}
passed contains "verified" if {
	attempt.verified == true
	attempt.refusal == ""
	input.resource.type == "auditor"
}

passed contains "verified" if leaving

# METADATA
# title: the firm is one whose auditors may come in
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.2, soc2/CC6.3, iso27001/A.5.18, iso27001/A.5.19]}
passed contains "firm_active" if attempt.firm.state == "active"

# METADATA
# title: the person is an auditor of the firm whom an officer has named, and whom nobody has revoked
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.2, soc2/CC6.3, iso27001/A.5.15, iso27001/A.5.18]}
passed contains "auditor_active" if attempt.auditor == "active"

passed contains "auditor_active" if leaving

# METADATA
# title: the request comes from a network of the firm
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.6, iso27001/A.8.20]}
passed contains "address" if audits.from(attempt.firm.networks)

# METADATA
# title: the person signed in at the identity provider not too long ago, with a second factor there or by a code here
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "second_factor" if {
	attempt.second_factor.recent == true
	attempt.second_factor.asserted == true
}

passed contains "second_factor" if {
	attempt.second_factor.recent == true
	attempt.second_factor.codes == true
	attempt.step in {"answer", "try"}
}

passed contains "second_factor" if {
	attempt.second_factor.recent == true
	attempt.second_factor.codes == true
	attempt.second_factor.code == true
}

passed contains "second_factor" if leaving

leaving if {
	attempt.step == "leave"
	input.resource.type == "firm"
}

# What the provider did not say is asked for here, before there is a session.
obligations := [{"id": "ask_for_code", "type": "step-up"}] if {
	attempt.step in {"answer", "try"}
	attempt.verified == true
	attempt.second_factor.asserted == false
	attempt.second_factor.codes == true
} else := []

decision := gates.decision("auditor_portal.sign_in", required, passed, obligations)
