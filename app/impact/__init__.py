"""What a change of policies would have done: recorded decisions decided again, in bulk, and what came out otherwise."""
