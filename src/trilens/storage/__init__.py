"""Where things are kept: ports in bytes and vocabulary, and one folder per backend. Only `plane` knows a backend."""
