"""Ratios beside named peers, side by side in one run. `python -m bench` prints the table; `python -m bench NAME` one part of it."""
