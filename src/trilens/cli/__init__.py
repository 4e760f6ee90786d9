"""The command line: `main.py` finds the noun, and one file per noun does the rest.

A command prints what people read, or with `--json` one document with a version; it ends with one of five codes (`ending.py`); it says
what to type next. Nothing here decides: commands call the rooms below and show what they answer.
"""
