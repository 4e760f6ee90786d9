"""Ratios beside named peers, side by side in one run, and the story. `python -m bench` prints both tables; `python -m bench NAME` one part."""
