"""Hooks as git and the pre-commit framework call them: real commits, merges, rebases, pushes."""
