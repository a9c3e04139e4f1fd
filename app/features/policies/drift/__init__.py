"""Drift: found, healed, told."""
