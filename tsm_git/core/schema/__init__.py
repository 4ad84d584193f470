"""What a database is made of, from SQLite's pragmas and from the clauses of its statements."""
