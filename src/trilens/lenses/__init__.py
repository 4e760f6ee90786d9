"""Three rooms of one shape. What two lenses need is a mechanism; a lens never imports another."""
