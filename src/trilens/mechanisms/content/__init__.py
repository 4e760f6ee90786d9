"""What a text says: typed claims, and which sentence of a source speaks of the same thing. Invariant: linear time, exact spans, no exception."""
