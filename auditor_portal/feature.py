"""The portal's routes, all of them: `routes` modules of the packages here add theirs, `application.py` names these."""

from app.pep import Feature

feature = Feature(
    "auditor_portal",
    package="auditor_portal",
    prefix="",
    menu={  # what an engagement's pages offer: endpoint to label; each endpoint takes `engagement`
        "auditor_portal.home": "Overview",
        "auditor_portal.requests": "Requests",
        "auditor_portal.controls": "Controls",
        "auditor_portal.records": "Records",
        "auditor_portal.trail": "Audit trail",
        "auditor_portal.policies": "Policies",
        "auditor_portal.reports": "Reports",
        "auditor_portal.activity": "Activity",
        "auditor_portal.verify": "Verify",
    },
)
