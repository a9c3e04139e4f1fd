"""The features of the control plane, each a thin client behind the gate; none knows another."""
