"""The shape of a manifest: which keys there are, which of them are needed, and what may stand under each.

One model a mapping; a docstring under a key is its description everywhere (editors, reference page). What one key alone can get wrong
is found here; what keys say about each other is found in `declare/references.py` and `declare/rules.py`.
"""
