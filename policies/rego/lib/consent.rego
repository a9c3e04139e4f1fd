package lib.consent

# What data.purposes says that a purpose rests on, and whether a person's data may be used for it now. `consents` are
# the standings of all persons concerned, as the ledger states them: {"purpose", "state", "given_at", "expires_at"}.
import rego.v1

import data.lib.clock

# The bases of GDPR, article 6(1), that hold whatever the person says.
firm := {"contract", "legal_obligation", "vital_interests"}

# Those to which a person may object (article 21): whoever did stands as "withdrawn".
open_to_objection := {"legitimate_interests", "public_task"}

needed(purpose) if data.purposes[purpose].basis == "consent"

permitted(purpose, _) if data.purposes[purpose].basis in firm

permitted(purpose, consents) if {
	data.purposes[purpose].basis in open_to_objection
	every consent in consents {
		consent.state in {"expired", "granted", "none"}
	}
}

permitted(purpose, consents) if {
	needed(purpose)
	count(consents) > 0
	every consent in consents {
		stands(purpose, consent)
	}
}

stands(purpose, consent) if {
	consent.purpose == purpose
	consent.state == "granted"
	clock.at(consent.given_at) <= clock.now
	clock.at(consent.expires_at) > clock.now
}
