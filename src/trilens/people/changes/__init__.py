"""Bringing another manifest into force while a server runs."""
