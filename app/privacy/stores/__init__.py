"""Where personal data lie: the port of a store, its adapters, and the registry of all stores."""
