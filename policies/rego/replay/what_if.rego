package replay.what_if

# An engineer changes a recorded run and lets it go on from there. What differs from the recording is really called:
# in a sandbox, and for money.
import rego.v1

import data.lib.budget
import data.lib.gates
import data.lib.residency

required := {"authorised", "intact", "own_tenant", "redacted", "region_allowed", "sandboxed", "within_budget"}

# METADATA
# title: the run is changed by an engineer
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, hipaa/164.312(a)(1)]}
passed contains "authorised" if "engineer" in input.subject.properties.roles

# METADATA
# title: the run belongs to the tenant of the engineer
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: the recording is complete and its digests are verified
# custom: {severity: high, enforcement: blocking, controls: [soc2/PI1.3, hipaa/164.312(c)(1), iso27001/A.5.33]}
passed contains "intact" if {
	input.resource.properties.recording.complete == true
	input.resource.properties.recording.verified == true
}

# METADATA
# title: the sandbox reaches models at most, and holds no credentials of production
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.31, iso27001/A.8.33]}
passed contains "sandboxed" if {
	input.context.sandbox.network in {"models", "none"}
	input.context.sandbox.production_credentials == false
}

# METADATA
# title: the cost expected still fits into the budget
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC5.2, iso27001/A.8.6]}
passed contains "within_budget" if {
	cost := input.context.cost
	budget.within(cost.used_micro, cost.expected_micro, cost.limit_micro)
}

# METADATA
# title: the redaction of the run is complete
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.25, hipaa/164.502(b), iso27001/A.8.11]}
passed contains "redacted" if input.resource.properties.redaction.complete == true

# METADATA
# title: the sandbox stands where the data may be
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if residency.stays(input.resource.properties.residency, input.context.region)

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.crosses(facts.residency, input.context.region, facts.transfer_consent)
}

decision := gates.decision("replay.what_if", required, passed, [])
