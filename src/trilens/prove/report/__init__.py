"""Reports as data for people and machines: pure functions over what was computed."""
