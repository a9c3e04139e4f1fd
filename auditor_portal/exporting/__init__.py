"""Reports and workpapers that an auditor takes along: made beside the requests, marked, vouched for by the log."""
