"""Characters that are there and not seen, and letters that look like others. Invariant: honest writing of every script passes."""
