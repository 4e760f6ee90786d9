"""Safety: harm in ordinary use, with nobody attacking."""
