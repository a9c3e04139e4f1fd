"""OPA's REST API over the same decision point: what is asked, read, solved, explained, and in which form."""
