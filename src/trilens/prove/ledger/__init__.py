"""The ledger: entries, the tree over them, signed checkpoints, and a verifier that trusts none of it.

Imports the vocabulary, the errors and `storage.ports` alone, so that a stranger can run the verifier without the rest.
"""
