"""What tsm does: each command gathers facts, lets the core decide, and carries it out."""
