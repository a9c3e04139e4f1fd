# METADATA
# custom: {durability: locked}
package replay.reveal_pii

# A privacy officer sees what the placeholders of a run stand for: for a purpose, and because a second person agrees.
import rego.v1

import data.lib.gates
import data.lib.persons
import data.lib.recency
import data.lib.residency

required := {
	"approval_fits",
	"approval_recent",
	"authorised",
	"own_tenant",
	"purpose_permitted",
	"region_allowed",
	"second_person",
}

limits := data.thresholds.replay.reveal_pii

# METADATA
# title: personal data are revealed to a privacy officer
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.8.3, gdpr/Art.32]}
passed contains "authorised" if "privacy_officer" in input.subject.properties.roles

# METADATA
# title: the run belongs to the tenant of the privacy officer
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.1, iso27001/A.8.3]}
passed contains "own_tenant" if input.resource.properties.tenant == input.subject.properties.tenant

# METADATA
# title: the purpose is one for which personal data may be revealed
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.5, soc2/P4.1, hipaa/164.502(b)]}
passed contains "purpose_permitted" if input.context.purpose in limits.purposes

# METADATA
# title: another person, a privacy or compliance officer of the tenant, has agreed
# custom: {severity: critical, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.3, iso27001/A.8.2]}
passed contains "second_person" if {
	approval := input.context.approval
	approval.granted == true
	persons.differ(approval.approver, input.subject.id)
	approval.tenant == input.resource.properties.tenant
	some role in approval.approver_roles
	role in {"compliance_officer", "privacy_officer"}
}

# METADATA
# title: what was agreed to is this run and this purpose
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.5, soc2/CC6.3, iso27001/A.5.18]}
passed contains "approval_fits" if {
	input.context.approval.run == input.resource.id
	input.context.approval.purpose == input.context.purpose
}

# METADATA
# title: the agreement is recent
# custom: {severity: high, enforcement: blocking, controls: [soc2/CC6.3, iso27001/A.5.18]}
passed contains "approval_recent" if {
	recency.within_seconds(input.context.approval.approved_at, limits.approval_seconds)
}

# METADATA
# title: personal data are revealed where they may be
# custom: {severity: high, enforcement: blocking, controls: [gdpr/Art.44, soc2/CC6.7, iso27001/A.5.14]}
passed contains "region_allowed" if residency.stays(input.resource.properties.residency, input.context.region)

passed contains "region_allowed" if {
	facts := input.resource.properties
	residency.crosses(facts.residency, input.context.region, facts.transfer_consent)
}

# Where only the agreement is missing, somebody else can be asked for it.
obligations := [] if {
	{"approval_fits", "approval_recent", "second_person"} - passed == set()
} else := [{"id": "request_approval", "type": "step-up"}] if {
	{"authorised", "own_tenant", "purpose_permitted", "region_allowed"} - passed == set()
} else := []

decision := gates.decision("replay.reveal_pii", required, passed, obligations)
