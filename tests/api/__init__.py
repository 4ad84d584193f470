"""The Python API as a program calls it."""
