package studio.deploy

# A workflow goes into production, in exactly the version that its digest names.
import rego.v1

import data.lib.certification
import data.lib.change_window
import data.lib.clock
import data.lib.components
import data.lib.gates
import data.lib.members
import data.lib.persons
import data.lib.recency

required := {
	"ai_practice_permitted",
	"authorised",
	"certified",
	"components_allowed",
	"high_risk_duties",
	"in_change_window",
	"roles_approved",
	"rollback_plan",
	"secret_access_logged",
	"secrets_by_reference",
	"secrets_rotated",
	"tested",
	"transparency_notice",
	"two_approvers",
}

limits := data.thresholds.studio.deploy

workflow := input.resource.properties

workspace := workflow.workspace

# The approvals that count: of this version, by someone who wrote nothing of it, in a role that the workspace names.
approvals := [approval |
	some approval in input.context.approvals
	approval.digest == workflow.digest
	approval.role in workspace.approver_roles
	clock.at(approval.at) <= clock.now
	every author in workflow.authors {
		persons.differ(author, approval.person)
	}
]

# METADATA
# title: whoever deploys is an owner or editor of the workspace of the workflow
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if members.holds(input.subject.properties, workspace.id, {"owner", "editor"})

# METADATA
# title: enough different persons, none of them an author, have approved exactly this version
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [soc2/CC5.1, soc2/CC8.1, iso27001/A.5.3, iso27001/A.8.32]}
passed contains "two_approvers" if {
	count({lower(approval.person) | some approval in approvals}) >= limits.min_approvers
}

# METADATA
# title: each role that the workspace names has approved exactly this version
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.3, iso27001/A.8.32]}
passed contains "roles_approved" if {
	every role in workspace.approver_roles {
		some approval in approvals
		approval.role == role
	}
}

# METADATA
# title: exactly this version has passed its tests
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.29]}
passed contains "tested" if {
	input.context.tests.passed == true
	input.context.tests.digest == workflow.digest
}

# METADATA
# title: there is a plan to roll back, to another version or to none
# custom: {severity: high, enforcement: blocking, controls: [soc2/A1.2, soc2/CC8.1, iso27001/A.8.32]}
passed contains "rollback_plan" if input.context.rollback.plan == "withdraw"

passed contains "rollback_plan" if {
	input.context.rollback.plan == "previous_version"
	input.context.rollback.digest != workflow.digest
}

# METADATA
# title: the workflow holds secrets by reference only
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.17, iso27001/A.8.24]}
passed contains "secrets_by_reference" if {
	workflow.findings.plaintext_secrets == 0
	every secret in workflow.secrets {
		secret.type in {"env_var", "key_vault", "secret_manager"}
	}
}

# METADATA
# title: every secret was rotated not too long ago
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.17, iso27001/A.8.24]}
passed contains "secrets_rotated" if {
	every secret in workflow.secrets {
		recency.within_days(secret.rotated_at, limits.max_secret_age_days)
	}
}

# METADATA
# title: access to the secrets is logged
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.2, iso27001/A.8.15]}
passed contains "secret_access_logged" if count(workflow.secrets) == 0

passed contains "secret_access_logged" if workspace.secrets.access_logged == true

# METADATA
# title: every component is one that the workspace allows
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [soc2/CC6.8, soc2/CC9.2, iso27001/A.5.21, iso27001/A.8.19]}
passed contains "components_allowed" if {
	every component in workflow.components {
		components.allowed(component.name, component, workspace)
	}
}

# METADATA
# title: every component is certified as far as the workspace asks
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, soc2/CC9.2, iso27001/A.5.21, iso27001/A.8.29]}
passed contains "certified" if {
	every component in workflow.components {
		certification.reaches(component, workspace.certification)
	}
}

# METADATA
# title: the workflow is classified, and its class is none that the EU AI Act prohibits
# custom: {severity: critical, enforcement: blocking, controls: [eu-ai-act/Art.5, eu-ai-act/Art.6]}
passed contains "ai_practice_permitted" if workflow.ai_act.class in {"high", "limited", "minimal"}

# METADATA
# title: a high-risk workflow has risk assessment, data governance, human oversight and transparency
# custom:
#   {severity: critical, enforcement: blocking,
#    controls: [eu-ai-act/Art.9, eu-ai-act/Art.10, eu-ai-act/Art.13, eu-ai-act/Art.14]}
passed contains "high_risk_duties" if workflow.ai_act.class in {"limited", "minimal"}

passed contains "high_risk_duties" if {
	workflow.ai_act.class == "high"
	workflow.ai_act.risk_assessment == true
	workflow.ai_act.data_governance == true
	workflow.ai_act.human_oversight == true
	workflow.ai_act.transparency == true
}

# METADATA
# title: a workflow of limited risk tells its users that they deal with AI
# custom: {severity: high, enforcement: blocking, controls: [eu-ai-act/Art.50, soc2/CC2.3]}
passed contains "transparency_notice" if workflow.ai_act.class in {"high", "minimal"}

passed contains "transparency_notice" if {
	workflow.ai_act.class == "limited"
	workflow.ai_act.notice == true
}

# METADATA
# title: the change window of the workspace is open
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "in_change_window" if change_window.open(workspace.change_window, clock.now)

decision := gates.decision("studio.deploy", required, passed, [])
