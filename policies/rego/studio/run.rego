package studio.run

# A workflow runs, and costs money. Amounts are integers, in millionths of a US dollar.
import rego.v1

import data.lib.budget
import data.lib.gates
import data.lib.members
import data.lib.residency

required := {"authorised", "estimated", "resident", "under_cap", "within_budget", "within_rate"}

limits := data.thresholds.studio.run

workspace := input.resource.properties.workspace

# METADATA
# title: the workflow is run by an owner or editor of its workspace, or by a service of it in the version deployed
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "member"
	members.holds(input.subject.properties, workspace.id, {"owner", "editor"})
}

passed contains "authorised" if {
	input.subject.type == "service"
	input.subject.properties.workspace == workspace.id
	input.resource.properties.deployed_digest == input.resource.properties.digest
}

# METADATA
# title: the cost of exactly this version has been estimated
# custom: {severity: medium, enforcement: blocking, controls: [soc2/A1.1, iso27001/A.8.6]}
passed contains "estimated" if input.context.estimate.digest == input.resource.properties.digest

# METADATA
# title: the run will cost no more than any one run may
# custom: {severity: medium, enforcement: blocking, controls: [soc2/A1.1, iso27001/A.8.6]}
passed contains "under_cap" if budget.within(0, input.context.estimate.p95_micro_usd, limits.max_micro_usd)

# METADATA
# title: the run fits into what is left of the budget of the workspace
# custom: {severity: high, enforcement: blocking, controls: [soc2/A1.1, iso27001/A.8.6]}
passed contains "within_budget" if {
	budget.within(workspace.budget.spent_micro_usd, input.context.estimate.p95_micro_usd, workspace.budget.limit_micro_usd)
}

# METADATA
# title: the workspace has not started too many runs of late
# custom: {severity: medium, enforcement: blocking, controls: [soc2/A1.1, iso27001/A.8.6]}
passed contains "within_rate" if budget.one_more(workspace.runs, limits.rate)

# METADATA
# title: the data stay in the region of the workspace, or leave it with explicit consent
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.44, gdpr/Art.49, soc2/P6.1, iso27001/A.5.34]}
passed contains "resident" if residency.stays(workspace.region, input.context.region)

passed contains "resident" if residency.crosses(workspace.region, input.context.region, workspace.transfer_consent)

# An estimate is no promise: the run is stopped where it has cost all that it may.
obligations := [{"id": "stop_at_cost", "type": "limit", "micro_usd": most}] if {
	"within_budget" in passed
	left := workspace.budget.limit_micro_usd - workspace.budget.spent_micro_usd
	most := min([left, limits.max_micro_usd])
} else := []

decision := gates.decision("studio.run", required, passed, obligations)
