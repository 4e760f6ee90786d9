"""The SQLite backend: one process, one folder, complete. `apsw` alone, plain SQL, and no statement that is built from data."""
