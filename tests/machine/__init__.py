"""A team that works for days: every command, real git, crashes, and what has to hold all the time."""
