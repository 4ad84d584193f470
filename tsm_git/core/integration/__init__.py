"""What tsm is to git's hooks, to pre-commit, to CI services and to editors."""
