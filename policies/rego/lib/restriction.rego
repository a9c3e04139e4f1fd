package lib.restriction

# What the requests of a person leave of a purpose. `facts` say whether a restriction or an objection stands for it, or for
# all purposes: {"restricted", "objected"}.
import rego.v1

import data.lib.consent

leaves(_, facts) if {
	facts.restricted == false
	facts.objected == false
}

# An objection (GDPR, article 21; CCPA, 1798.120) leaves what rests on a ground to which nobody can object; a restriction
# (article 18) leaves nothing.
leaves(purpose, facts) if {
	facts.restricted == false
	data.purposes[purpose].basis in consent.firm
}
