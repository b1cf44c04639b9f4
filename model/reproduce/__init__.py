"""The tables and figures of the paper, computed anew: what to simulate, and how the result compares."""
