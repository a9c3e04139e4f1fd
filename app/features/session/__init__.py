"""Sessions of the control plane: a visitor signs in by the identity provider, or by a login link, and out again."""
