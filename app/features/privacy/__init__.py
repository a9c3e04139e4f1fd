"""Personal data: redacted and revealed for services, consents, who saw what, the record of processing."""
