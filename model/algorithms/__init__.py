"""The training algorithms in floats, the paper's equations in order."""
