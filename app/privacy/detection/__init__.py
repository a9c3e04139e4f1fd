"""Where personal data stand in a text: by patterns with checksums, inline, and by names, in a process of its own.

Knows neither whose they are nor what becomes of them.
"""
