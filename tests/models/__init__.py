"""Models: the classes, where they come from, and the drift of a schema from them."""
