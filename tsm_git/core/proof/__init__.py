"""What was seen to happen when scripts were run: replays, their effects, rehearsals."""
