"""Approvals: bound to exact typed arguments, valid once, expiring to deny, never a standing permission."""
