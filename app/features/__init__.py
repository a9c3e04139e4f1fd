"""What the platform does behind the gate: one package for each feature, none of which imports another."""
