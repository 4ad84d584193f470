"""What tsm knows: plain values and pure functions over them.

Nothing here touches git, SQLite, files, the clock or the environment.
"""
