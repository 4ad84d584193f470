"""Real git and real SQLite, in every state that a machine can leave them in."""
