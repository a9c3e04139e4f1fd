package lib.standing

import rego.v1

# Facts that need not be stated: a record is active, and a subject is no administrator, until somebody says otherwise.
status(input_) := object.get(object.get(input_.resource, "properties", {}), "status", "active")

role(input_) := object.get(object.get(input_.subject, "properties", {}), "role", "none")
