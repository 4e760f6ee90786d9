"""Conditions that authors write into the manifest."""
