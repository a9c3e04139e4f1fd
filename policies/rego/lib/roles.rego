package lib.roles

import rego.v1

# The roles of a subject: those that data.roles gives, for its type, to the groups it is in. Who is in a group is for the
# identity provider to say; what that means, for policy.
of(subject) := {role |
	some group in subject.properties.groups
	some role in data.roles[subject.type][group]
}

# Whether a subject holds one of `roles`.
holds(subject, roles) if count(of(subject) & roles) > 0
