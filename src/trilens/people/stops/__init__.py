"""Stopping a session, an agent or the whole system, and resuming it."""
