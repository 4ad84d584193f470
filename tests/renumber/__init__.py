"""Renumbering, merges that stopped, the radar over branches, and restoring."""
