# METADATA
# custom: {retention: aiact1y}
package voice.execute

# A person speaks or types a command. What a command needs stands in data.commands: by verb, target and environment.
import rego.v1

import data.lib.gates
import data.lib.persons
import data.lib.recency

required := {"approved", "authorised", "nonce_unused", "own_tenant", "read_back", "recognised", "second_factor"}

limits := data.thresholds.voice.execute

parsed := input.resource.properties.parsed

command := data.commands[parsed.verb][parsed.target][parsed.environment]

# METADATA
# title: the command is given by somebody whose role may do this to this target in this environment
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, hipaa/164.312(a)(1)]}
passed contains "authorised" if {
	some role in input.subject.properties.roles
	role in command.roles
}

# METADATA
# title: the target belongs to the tenant of whoever gives the command
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: the command is a whole sentence, and if it was spoken, recognisers of two kinds heard the same
# custom: {severity: critical, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.26]}
passed contains "recognised" if {
	input.context.channel == "speech"
	input.context.recognition.first != input.context.recognition.second
	input.context.recognition.agreement_percent >= limits.min_agreement_percent
	parsed.complete == true
}

passed contains "recognised" if {
	input.context.channel == "text"
	parsed.complete == true
}

# METADATA
# title: the command has not been given before
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5]}
passed contains "nonce_unused" if input.context.nonce.fresh == true

# METADATA
# title: a sensitive command has just been approved by another person in a role that may
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, soc2/CC8.1, iso27001/A.5.3]}
passed contains "approved" if command.approvers == []

passed contains "approved" if input.context.dry_run == true

passed contains "approved" if {
	approval := input.context.approval
	approval.granted == true
	approval.command == input.resource.id
	persons.differ(approval.approver, input.subject.id)
	approval.tenant == input.resource.properties.tenant
	recency.within_seconds(approval.approved_at, limits.approval_seconds)
	some role in approval.approver_roles
	role in command.approvers
}

# METADATA
# title: a destructive command has been read back and confirmed
# custom: {severity: critical, enforcement: blocking, controls: [soc2/PI1.2, iso27001/A.8.26]}
passed contains "read_back" if command.read_back == false

passed contains "read_back" if input.context.dry_run == true

passed contains "read_back" if {
	input.context.read_back.confirmed == true
	input.context.read_back.command == input.resource.id
	recency.within_seconds(input.context.read_back.confirmed_at, limits.read_back_seconds)
}

# METADATA
# title: where the command asks for one, a second factor has been verified for this command
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.5, hipaa/164.312(d)]}
passed contains "second_factor" if command.second_factor == false

passed contains "second_factor" if input.context.dry_run == true

passed contains "second_factor" if {
	factor := input.context.second_factor
	factor.verified == true
	factor.command == input.resource.id
	factor.method in limits.second_factor_methods
	recency.within_seconds(factor.verified_at, limits.second_factor_seconds)
}

# What is still missing, in the order in which the person is led through it. A dry run only says what would happen.
steps := [
	{"gate": "approved", "ask": {"id": "request_approval", "type": "step-up"}},
	{"gate": "read_back", "ask": {"id": "request_read_back", "type": "step-up"}},
	{"gate": "second_factor", "ask": {"id": "request_second_factor", "type": "step-up"}},
]

obligations := [step.ask | some step in steps; step.gate in required - passed] if {
	input.context.dry_run == false
	{"authorised", "nonce_unused", "own_tenant", "recognised"} - passed == set()
} else := [] if {
	input.context.dry_run == false
} else := [{"id": "simulate_only", "type": "execution"}]

decision := gates.decision("voice.execute", required, passed, obligations)
