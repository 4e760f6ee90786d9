"""A guard: sheet, code, vectors."""
