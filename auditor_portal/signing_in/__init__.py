"""Signing in to the portal and out of it: routes, cookies, and the facts that policy decides on.

What a provider's message says is read by `auditor_portal.saml`; what a session is, by `app.audits.sessions`.
"""
