package lib.offices

import rego.v1

import data.lib.roles

# The offices of the marketplace that an officer holds: those that data.roles gives to the groups of somebody who signed
# in, and those that the marketplace's own service says it has appointed somebody to. Nobody but an officer holds one.
of(subject) := roles.of(subject) | {role | some role in subject.properties.roles} if subject.type == "officer"

# Whether an officer holds one of `offices`.
holds(subject, offices) if count(of(subject) & offices) > 0
