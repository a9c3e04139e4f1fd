package privacy.process

# The text of a service is redacted, for a purpose; names are looked for in one that waits, sealed; or a redacted one is
# read. What becomes of each kind of personal data follows from the purpose, and what that does not name gets a token.
import rego.v1

import data.lib.consent
import data.lib.gates
import data.lib.restriction

required := {
	"authorised",
	"consented",
	"lane_permitted",
	"own_document",
	"own_tenant",
	"purpose_permitted",
	"region_permitted",
	"unrestricted",
}

wanted := input.context

purpose := data.redaction.purposes[wanted.purpose]

names_job := "privacy.find_names"

# METADATA
# title: the service is one of those that have texts redacted for this purpose, or the job that looks for names
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, gdpr/Art.32]}
passed contains "authorised" if {
	input.subject.type == "service"
	input.subject.id in purpose.services
	wanted.step in {"read", "redact"}
}

passed contains "authorised" if {
	input.subject.type == "job"
	input.subject.id == names_job
	wanted.step == "find_names"
}

# METADATA
# title: the service is of the tenant whose persons these are
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.subject.type == "job"

passed contains "own_tenant" if input.subject.properties.tenant == input.environment.tenant

# METADATA
# title: a document is read by the service that brought it
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3, gdpr/Art.5]}
passed contains "own_document" if wanted.step in {"find_names", "redact"}

passed contains "own_document" if input.resource.properties.service == input.subject.id

# METADATA
# title: the purpose is one for which texts are redacted
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.5, soc2/P4.1, iso27001/A.5.34]}
passed contains "purpose_permitted" if is_object(purpose.operators)

# METADATA
# title: the purpose rests on the consent of the person, or on another ground that they have not objected to
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.6, gdpr/Art.7, soc2/P2.1, soc2/P3.2]}
passed contains "consented" if consent.permitted(wanted.purpose, [input.resource.properties.consent])

# METADATA
# title: no restriction and no objection of the person stands against the purpose
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.18, gdpr/Art.21, ccpa/1798.120, ccpa/1798.121]}
passed contains "unrestricted" if restriction.leaves(wanted.purpose, input.resource.properties)

# METADATA
# title: the data have their home in a region that the purpose has
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_permitted" if {
	wanted.region in purpose.regions
	is_string(data.residency.regions[wanted.region])
}

# METADATA
# title: names are looked for, unless the purpose does without
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.25, soc2/C1.1, iso27001/A.8.11]}
passed contains "lane_permitted" if wanted.lane in purpose.lanes

# One obligation for each operator, which lists the kinds that it is for.
redactions := [each |
	some operator in ["drop", "generalise", "keep", "mask"]
	kinds := {lower(kind): true | some kind, named in purpose.operators; named == operator}
	count(kinds) > 0
	each := object.union({"id": operator, "type": "redact"}, kinds)
]

# What the record says in clear: what for, and which service it was.
access := {"id": "access", "type": "access", "purpose": wanted.purpose, "step": wanted.step, "by": input.subject.id}

decision := gates.decision("privacy.process", required, passed, array.concat([access], redactions))
