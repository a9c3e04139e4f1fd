package voice.approve

# A person approves the command of another, while it waits.
import rego.v1

import data.lib.gates
import data.lib.persons
import data.lib.recency

required := {"authorised", "in_time", "nonce_unused", "not_requester", "open", "own_tenant", "second_factor"}

limits := data.thresholds.voice.approve

parsed := input.resource.properties.parsed

# METADATA
# title: the command is approved by somebody in a role that may approve it
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.8.2]}
passed contains "authorised" if {
	some role in input.subject.properties.roles
	role in data.commands[parsed.verb][parsed.target][parsed.environment].approvers
}

# METADATA
# title: the target belongs to the tenant of whoever approves
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: nobody approves a command of their own
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3]}
passed contains "not_requester" if persons.differ(input.resource.properties.requester, input.subject.id)

# METADATA
# title: the request for approval is open
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "open" if input.resource.properties.status == "open"

# METADATA
# title: the request for approval has just been made
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "in_time" if recency.within_seconds(input.resource.properties.requested_at, limits.request_seconds)

# METADATA
# title: a second factor of the approver has been verified for this request
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if {
	factor := input.context.second_factor
	factor.verified == true
	factor.request == input.resource.id
	factor.method in limits.second_factor_methods
	recency.within_seconds(factor.verified_at, limits.second_factor_seconds)
}

# METADATA
# title: the approval has not been given before
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "nonce_unused" if input.context.nonce.fresh == true

decision := gates.decision("voice.approve", required, passed, [])
