"""Change requests: proposed, checked, approved, merged."""
