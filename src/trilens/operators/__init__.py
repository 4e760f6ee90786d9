"""The surface of people who decide, as the gateways are the surface of agents: an operator's key, JSON, no approval by GET.

A running server holds the journal, so a second terminal decides through it. `address` says where it is, `routes` what it takes.
"""
