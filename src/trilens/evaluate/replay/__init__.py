"""Recorded decisions, made again from the record alone.

ledger.py         entries and sealed payloads, read with a reason where they cannot be
policies.py       the manifests that runs began with
conversation.py   the turns an exchange was judged after, and their flow
again.py          the exchange, put to the pipeline once more
compare.py        what was recorded beside what comes out now
walk.py           the whole ledger, in order
"""
