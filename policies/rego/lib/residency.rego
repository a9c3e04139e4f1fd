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
