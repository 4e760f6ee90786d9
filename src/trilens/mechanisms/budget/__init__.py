"""Budgets: what one call claims of each limit, pure over a snapshot. Invariant: a claim that cannot be read is never zero."""
