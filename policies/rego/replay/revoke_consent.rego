package replay.revoke_consent

# A consent is taken back. Nothing stands in the way: no date, no legal hold, no earlier revocation.
import rego.v1

import data.lib.gates

required := {"authorised"}

# METADATA
# title: the consent is revoked by the person who gave it or by a privacy officer of the tenant
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.7, soc2/P2.1, iso27001/A.8.3]}
passed contains "authorised" if {
	input.subject.type == "data_subject"
	input.subject.id == input.resource.properties.person
}

passed contains "authorised" if {
	input.subject.type == "user"
	"privacy_officer" in input.subject.properties.roles
	input.subject.properties.tenant == input.resource.properties.tenant
}

# Exports that were made with the consent are called back too.
decision := gates.decision("replay.revoke_consent", required, passed, [{"id": "recall_exports", "type": "execution"}])
