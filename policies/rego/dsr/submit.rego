package dsr.submit

# Somebody asks for what the law gives them: on the public page, or through a platform service. Everybody may; who is
# behind a request is shown later.
import rego.v1

import data.lib.gates

required := {"bounded", "vouched"}

# METADATA
# title: no more requests come for one person within a day than policy has
# custom: {severity: medium, enforcement: blocking, controls: [gdpr/Art.12, soc2/P5.1]}
passed contains "bounded" if input.resource.properties.recent < data.data_subjects.most_per_day

# METADATA
# title: only a platform service says that somebody is the person
# custom: {severity: critical, enforcement: blocking, controls: [gdpr/Art.12, gdpr/Art.32, soc2/P5.1, soc2/CC6.1]}
passed contains "vouched" if input.resource.properties.vouched == false

passed contains "vouched" if input.subject.type == "service"

decision := gates.decision("dsr.submit", required, passed, [])
