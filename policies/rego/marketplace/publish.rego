package marketplace.publish

# A developer puts a release on sale. The marketplace states only what it verified itself.
import rego.v1

import data.lib.agreements
import data.lib.gates
import data.lib.sanctions

required := {
	"agreement",
	"authorised",
	"capabilities_declared",
	"content_clean",
	"covered",
	"documented",
	"exportable",
	"fast",
	"licensed",
	"no_severe_vulnerability",
	"not_sanctioned",
	"privacy",
	"provenance",
	"reproducible",
	"sbom",
	"sbom_complete",
	"signed",
	"soaked",
	"training_data",
	"trust_kept",
}

limits := data.thresholds.marketplace.publish

# METADATA
# title: a release is published by the developer it belongs to
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3]}
passed contains "authorised" if input.resource.properties.developer == input.subject.id

# METADATA
# title: the signature of the artifact is verified
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.8, iso27001/A.5.21, iso27001/A.8.30]}
passed contains "signed" if input.resource.properties.signature.verified == true

# METADATA
# title: the provenance of the build is verified and reaches the SLSA level asked for
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.21, iso27001/A.8.25]}
passed contains "provenance" if {
	input.resource.properties.provenance.verified == true
	input.resource.properties.provenance.slsa_level >= limits.min_slsa_level
}

# METADATA
# title: the build is reproducible, where policy asks for it
# custom: {severity: medium, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.25]}
passed contains "reproducible" if limits.require_reproducible_build == false

passed contains "reproducible" if input.resource.properties.build.reproducible == true

# METADATA
# title: a valid bill of materials in CycloneDX is present
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.1, soc2/CC9.2, iso27001/A.5.21, iso27001/A.8.8]}
passed contains "sbom" if {
	input.resource.properties.sbom.format == "cyclonedx"
	input.resource.properties.sbom.valid == true
}

# METADATA
# title: the bill of materials omits nothing that the artifact holds or locks
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC7.1, soc2/CC9.2, iso27001/A.5.21, iso27001/A.8.8]}
passed contains "sbom_complete" if input.resource.properties.sbom.complete == true

# METADATA
# title: each component states a licence that is known and not denied
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.32]}
passed contains "licensed" if {
	input.resource.properties.licences.unlicensed == 0
	input.resource.properties.licences.unknown == 0
	input.resource.properties.licences.denied == 0
}

# METADATA
# title: the release is built by nobody who is trusted less than who built an earlier one
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.5.21, iso27001/A.8.25]}
passed contains "trust_kept" if input.resource.properties.trust_not_lowered == true

# METADATA
# title: the code does nothing that the manifest does not declare
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.8, iso27001/A.8.7, iso27001/A.8.30]}
passed contains "capabilities_declared" if input.resource.properties.capabilities.undeclared == 0

# METADATA
# title: tests cover enough of the release
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.29]}
passed contains "covered" if input.resource.properties.tests.coverage_percent >= limits.min_coverage_percent

# METADATA
# title: 95 of 100 answers come faster than the limit
# custom: {severity: medium, enforcement: blocking, controls: [soc2/A1.1, iso27001/A.8.6]}
passed contains "fast" if input.resource.properties.performance.p95_latency_ms < limits.p95_latency_ms_below

# METADATA
# title: the release has run in the soak test for long enough, or is published as a preview
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC8.1, iso27001/A.8.29]}
passed contains "soaked" if input.resource.properties.soak.hours >= limits.min_soak_hours

passed contains "soaked" if input.resource.properties.channel == "preview"

# METADATA
# title: no vulnerability of critical, high or unknown severity is open
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC7.1, iso27001/A.8.8, gdpr/Art.32]}
passed contains "no_severe_vulnerability" if {
	input.resource.properties.vulnerabilities.critical == 0
	input.resource.properties.vulnerabilities.high == 0
	input.resource.properties.vulnerabilities.unknown == 0
}

# METADATA
# title: no finding of malicious code, data exfiltration, prompt injection or copyright is open
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.8, iso27001/A.5.32, iso27001/A.8.7]}
passed contains "content_clean" if {
	input.resource.properties.findings.malicious_code == 0
	input.resource.properties.findings.data_exfiltration == 0
	input.resource.properties.findings.prompt_injection == 0
	input.resource.properties.findings.copyright == 0
}

# METADATA
# title: the origin of the training data is declared
# custom: {severity: high, enforcement: blocking, controls: [eu-ai-act/Art.10, iso27001/A.5.32]}
passed contains "training_data" if input.resource.properties.training_data.provenance_declared == true

# METADATA
# title: the handling of personal data is declared for GDPR and CCPA
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.25, ccpa/1798.100, soc2/P1.1, iso27001/A.5.34]}
passed contains "privacy" if {
	input.resource.properties.privacy.gdpr_declared == true
	input.resource.properties.privacy.ccpa_declared == true
}

# METADATA
# title: the classification for export control is declared, and one that may be sold without a licence
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "exportable" if input.resource.properties.export_control.classification in limits.export_classifications

# METADATA
# title: the documentation is complete
# custom: {severity: low, enforcement: monitoring, controls: [soc2/CC2.3, eu-ai-act/Art.13]}
passed contains "documented" if input.resource.properties.documentation.complete == true

# METADATA
# title: the developer has accepted the developer agreement in force, with its warranties of intellectual property
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.20, iso27001/A.5.32]}
passed contains "agreement" if agreements.bound(input.subject.properties)

# METADATA
# title: neither the country nor the legal entity of the developer is sanctioned
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC9.2, iso27001/A.5.31]}
passed contains "not_sanctioned" if sanctions.clear(input.subject.properties)

# A preview that has not soaked for long enough is sold with a label that says so.
obligations := [] if {
	input.resource.properties.soak.hours >= limits.min_soak_hours
} else := [{"id": "label_preview", "type": "notice"}] if {
	input.resource.properties.channel == "preview"
} else := []

decision := gates.decision("marketplace.publish", required, passed, obligations)
