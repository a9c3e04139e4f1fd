package marketplace.rescan

# What is known of the vulnerabilities of a release is kept: by the job that looks again.
import rego.v1

import data.lib.gates

required := {"on_sale", "own"}

# METADATA
# title: nothing but the job that is there for it keeps what was found
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "own" if {
	input.subject.type == "job"
	input.subject.id == "marketplace.rescan"
}

# METADATA
# title: what is looked at again can be installed, or was taken off and may come back
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC7.1, iso27001/A.8.8]}
passed contains "on_sale" if input.resource.properties.state in {"listed", "preview", "quarantined", "yanked"}

decision := gates.decision("marketplace.rescan", required, passed, [])
