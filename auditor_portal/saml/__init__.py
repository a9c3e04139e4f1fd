"""SAML 2.0 of the portal, below its routes: what is asked of a firm's identity provider, and what of its answer counts.

Knows no HTTP framework. Every refusal is a `SamlError` with a code; no exception of a library leaves this package.
"""
