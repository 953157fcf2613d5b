"""The MuleRouter client, sync and async over one core."""
