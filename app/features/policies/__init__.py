"""Policies in Git: read, proposed, approved, put in force, overridden, and watched for drift."""
