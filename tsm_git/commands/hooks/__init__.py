"""What tsm does when git calls it: `run` starts it, `event` understands git and the framework.

`commit`, `push` and `after` are the events, `judge` tells what is new from what was there before,
`setup` installs.
"""
