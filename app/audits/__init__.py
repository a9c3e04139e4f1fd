"""What the control plane and the auditor portal share of audits: firms, engagements, requests, sessions, work.

Rows and what follows from them; below every feature, and without a page.
"""
