"""Shipped to users: contract suites for every port, and stand-ins that implement real ones."""
