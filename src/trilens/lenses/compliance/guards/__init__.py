"""One folder a guard."""
