"""A hash-chained, signed, write-once log of records, and its verifier.

Importable on its own: no web, no database, no policy engine. docs/evidence-format.md is the format;
where this package differs from it, this package is wrong.
"""
