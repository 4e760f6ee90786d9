"""Where other programs meet Trilens: one folder a protocol, and what they all share.

A gateway reads a wire into turns (`inbound`), puts it to the driver, and spells what was ruled in the protocol's own words
(`outbound`). It decides nothing. To add one: a folder with `wire`, `inbound`, `outbound` and `routes`, built on `gateway.Gateway`.
"""
