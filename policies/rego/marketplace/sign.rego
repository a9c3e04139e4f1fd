package marketplace.sign

# Somebody who acts for a developer has the marketplace's own signing authority sign an artifact, or what is attested of
# it. The authority vouches for who they are; of a build, only for what a trusted builder says.
import rego.v1

import data.lib.agreements
import data.lib.gates
import data.lib.sanctions

required := {"agreement", "authorised", "not_sanctioned", "trusted_builder"}

limits := data.thresholds.marketplace.sign

# METADATA
# title: what belongs to an agent is signed for its developer alone
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.resource.properties.developer == input.subject.id

# METADATA
# title: the developer has accepted the developer agreement in force, with its warranties of intellectual property
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.20, iso27001/A.5.32]}
passed contains "agreement" if agreements.bound(input.subject.properties)

# METADATA
# title: neither the country nor the legal entity of the developer is sanctioned
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "not_sanctioned" if sanctions.clear(input.subject.properties)

# METADATA
# title: where an artifact was built from is certified to a trusted builder alone
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.21, iso27001/A.8.25]}
passed contains "trusted_builder" if input.resource.properties.provenance == false

passed contains "trusted_builder" if {
	data.builders[input.resource.properties.builder] >= limits.min_builder_level
}

decision := gates.decision("marketplace.sign", required, passed, [])
