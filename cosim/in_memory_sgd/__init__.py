"""Co-simulation of xc_in_memory_sgd, an update at a time."""
