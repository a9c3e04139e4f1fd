package lib.residency

# Where data may go: the regions of data.residency, by their code.
import rego.v1

import data.lib.clock

# Data whose home is a region stay there.
stays(home, place) if {
	home == place
	is_string(data.residency.regions[place])
}

# Data leave their home for another region: explicit consent names it, is given, and has not been withdrawn.
# `consent` is {"regions", "given_at", "withdrawn"}.
crosses(home, place, consent) if {
	is_string(data.residency.regions[home])
	is_string(data.residency.regions[place])
	place in consent.regions
	consent.withdrawn == false
	clock.at(consent.given_at) <= clock.now
}

# Where the grounds of each basis stand: decisions on adequacy, safeguards such as standard contractual clauses, and
# what is necessary in single cases (GDPR, articles 45, 46 and 49).
tables := {"adequacy": "adequacy", "necessary": "derogations", "safeguards": "safeguards"}

# Data leave their home on a ground in data.residency that is for this pair of regions and this recipient, and holds now.
# One without an end holds until somebody writes one.
grounded(home, place, basis, instrument, recipient) if {
	is_string(data.residency.regions[home])
	is_string(data.residency.regions[place])
	ground := data.residency[tables[basis]][instrument]
	home in ground.home
	place == ground.place
	some named in ground.recipients
	named in {"*", recipient}
	clock.at(ground.since) <= clock.now
	clock.at(object.get(ground, "until", "2200-01-01T00:00:00Z")) > clock.now
}

# Any ground that holds now lets this recipient have them: nobody has to say which.
leaves(home, place, recipient) if {
	some basis, table in tables
	some instrument, _ in data.residency[table]
	grounded(home, place, basis, instrument, recipient)
}
