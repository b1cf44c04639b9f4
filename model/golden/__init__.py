"""The integer controller: one source that is the readable specification and the code that numba compiles.

Imports numpy, numba and the standard library alone; integers only (a test enforces both).
"""
