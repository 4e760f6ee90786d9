"""Compliance: legal, contractual and industry duties, and the proof that they were kept."""
