"""What touches the world: one owner each for git, SQLite and files. They do not know each other."""
