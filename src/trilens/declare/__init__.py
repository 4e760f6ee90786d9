"""`system.yaml` and what it means.

`parse` makes a frozen `System` of it or says everything that is wrong, each with file, line and column; `diagnose` finds what a
careful reviewer would; `scaffold` writes a first one; `schema` and `reference` describe it, from the same models.
Files are read by a function that is handed in; nothing here knows a folder, a clock or the environment of the process.
"""
