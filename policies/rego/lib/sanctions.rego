package lib.sanctions

import rego.v1

# A party is clear when neither its country nor its legal entity stands on a list of data.sanctions.
# A missing list clears nobody, and neither does an organisation that names no legal entity.
clear(party) if {
	party.kind == "individual"
	object.get(data.sanctions.countries, party.country, "unlisted") == "unlisted"
	object.get(data.sanctions.entities, object.get(party, "entity", ""), "unlisted") == "unlisted"
}

clear(party) if {
	party.kind == "organisation"
	object.get(data.sanctions.countries, party.country, "unlisted") == "unlisted"
	object.get(data.sanctions.entities, party.entity, "unlisted") == "unlisted"
}
