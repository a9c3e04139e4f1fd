package marketplace.draft

# A developer lays out an agent, or brings in a release of one. Nothing is on sale by it.
import rego.v1

import data.lib.agreements
import data.lib.gates
import data.lib.sanctions

required := {"agreement", "authorised", "few", "not_sanctioned", "open", "own_catalogue", "sized", "unused", "versioned"}

limits := data.thresholds.marketplace.draft

# METADATA
# title: an agent is changed by the developer it belongs to
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.resource.properties.developer == input.subject.id

# METADATA
# title: the developer has accepted the agreement in force, with its warranties
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.20, iso27001/A.5.32]}
passed contains "agreement" if agreements.bound(input.subject.properties)

# METADATA
# title: neither the country nor the legal entity of the developer is sanctioned
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "not_sanctioned" if sanctions.clear(input.subject.properties)

# METADATA
# title: the id of the agent, or the version and the artifact of the release, are new
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, soc2/CC9.2, iso27001/A.8.32]}
passed contains "unused" if input.resource.properties.taken == false

# METADATA
# title: a developer has no more drafts than policy data allow
# custom: {severity: low, enforcement: blocking, controls: [soc2/A1.1, soc2/CC9.2, iso27001/A.8.6]}
passed contains "few" if input.resource.properties.drafts < limits.max_drafts

# METADATA
# title: the files of a release are no larger than policy data allow
# custom: {severity: medium, enforcement: blocking, controls: [soc2/A1.1, soc2/CC9.2, iso27001/A.8.6]}
passed contains "sized" if {
	input.resource.properties.artifact.bytes > 0
	input.resource.properties.artifact.bytes <= limits.max_artifact_bytes
	input.resource.properties.accompanying_bytes <= limits.max_accompanying_bytes
}

passed contains "sized" if input.resource.type == "agent"

# METADATA
# title: a release has a version of Semantic Versioning 2.0.0
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC8.1, soc2/CC9.2, iso27001/A.8.32]}
passed contains "versioned" if semver.is_valid(input.resource.properties.version)

passed contains "versioned" if input.resource.type == "agent"

# METADATA
# title: an agent of a private catalogue is of a developer of that tenant
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, soc2/CC9.2, iso27001/A.8.3]}
passed contains "own_catalogue" if {
	object.get(input.resource.properties, "tenant", input.resource.properties.developer_tenant) == input.resource.properties.developer_tenant
}

# METADATA
# title: the agent is neither quarantined nor taken off the market
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.4, soc2/CC9.2, iso27001/A.5.26]}
passed contains "open" if input.resource.properties.state in {"deprecated", "draft", "listed"}

decision := gates.decision("marketplace.draft", required, passed, [])
