"""Texts without personal data that are still of use: tokens in their place, which the subject's key turns back."""
