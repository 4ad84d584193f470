"""Random histories, judged by `tsm check` and by an oracle that shares no code with it."""
