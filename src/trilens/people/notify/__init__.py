"""Telling people outside that something waits for them, or was stopped."""
