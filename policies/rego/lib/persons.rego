package lib.persons

import rego.v1

# Two ids are of two persons only if they differ in more than capitals: a second person must really be one. Contracts
# keep spaces and letters that only look alike out of such ids.
differ(one, other) if lower(one) != lower(other)
