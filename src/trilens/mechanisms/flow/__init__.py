"""Information flow: labels, provenance, and the ladder of explanations. Invariant: trust comes from where a value came from."""
