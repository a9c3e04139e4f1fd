"""Catalogs, controls and results as documents of NIST's OSCAL 1.2.1: plain dicts, the same for the same input.

Written by hand, because the models' own libraries are large; the tests validate what comes out. Knows no files.
"""
