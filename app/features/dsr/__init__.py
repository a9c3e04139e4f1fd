"""Requests of data subjects: taken in, judged, fulfilled store by store, and proved."""
