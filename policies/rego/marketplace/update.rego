package marketplace.update

# A developer replaces the version on sale by a newer one.
import rego.v1

import data.lib.gates

required := {
	"authorised",
	"compatible",
	"no_severe_vulnerability",
	"published",
	"signed",
	"trust_kept",
	"version_rises",
}

# METADATA
# title: a listing is updated by the developer it belongs to
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.resource.properties.developer == input.subject.id

# METADATA
# title: the signature of the artifact is verified
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.8, iso27001/A.5.21, iso27001/A.8.30]}
passed contains "signed" if input.resource.properties.signature.verified == true

# METADATA
# title: no vulnerability of critical, high or unknown severity is open
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC7.1, iso27001/A.8.8, gdpr/Art.32]}
passed contains "no_severe_vulnerability" if {
	input.resource.properties.vulnerabilities.critical == 0
	input.resource.properties.vulnerabilities.high == 0
	input.resource.properties.vulnerabilities.unknown == 0
}

# METADATA
# title: the release has passed the gates of a publication, and is not withdrawn
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "published" if input.resource.properties.published == true

# METADATA
# title: the release is built by nobody who is trusted less than who built an earlier one
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.21, iso27001/A.8.25]}
passed contains "trust_kept" if input.resource.properties.trust_not_lowered == true

# METADATA
# title: the version is higher than the one on sale (Semantic Versioning 2.0.0)
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "version_rises" if {
	semver.compare(input.resource.properties.version, input.resource.properties.current_version) == 1
}

# METADATA
# title: a change that breaks what buyers rely on has a new major version
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.32]}
passed contains "compatible" if input.resource.properties.breaking == false

passed contains "compatible" if {
	major(input.resource.properties.version) > major(input.resource.properties.current_version)
}

major(version) := to_number(split(version, ".")[0])

decision := gates.decision("marketplace.update", required, passed, [])
