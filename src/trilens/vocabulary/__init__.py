"""The nouns of Trilens: frozen, without I/O and without a clock. They import only `errors`."""
