"""Overrides and broken glass: asked for, approved, counted."""
