"""How a check works: pure and lens-neutral. Guards are small because these are not."""
