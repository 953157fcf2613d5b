"""The MuleRouter client, synchronous and asynchronous, over the same steps."""
