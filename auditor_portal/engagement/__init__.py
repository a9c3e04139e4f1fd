"""An engagement's own pages: which there are, how it stands, requests with their threads, what auditors did."""
