"""The tests of tsm; a package so that `tests.harness` means this folder and no other."""
