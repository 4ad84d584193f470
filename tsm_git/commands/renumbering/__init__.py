"""What `tsm renumber` is made of: the author's order, its proof, what a stopped merge leaves."""
