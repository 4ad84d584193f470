"""What tsm costs, as ratios to what nobody gets under: `python -m benchmarks`.

Pure standard library, and no part of the package; `README.md` beside this says what is measured.
"""
