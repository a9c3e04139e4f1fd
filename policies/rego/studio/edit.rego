package studio.edit

# A member changes a workflow. The facts describe the workflow as it would be saved.
import rego.v1

import data.lib.gates
import data.lib.members

required := {"authorised", "no_plaintext_secret", "not_archived"}

# METADATA
# title: whoever edits is an owner or editor of the workspace of the workflow
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.15, iso27001/A.8.3]}
passed contains "authorised" if {
	members.holds(input.subject.properties, input.resource.properties.workspace.id, {"owner", "editor"})
}

# METADATA
# title: nothing in the workflow looks like a secret in plain text
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.5.17, iso27001/A.8.24]}
passed contains "no_plaintext_secret" if input.resource.properties.findings.plaintext_secrets == 0

# METADATA
# title: the workflow is not archived
# custom: {severity: low, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "not_archived" if input.resource.properties.status in {"draft", "deployed"}

decision := gates.decision("studio.edit", required, passed, [])
