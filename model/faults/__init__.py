"""Faults: what a flipped bit, a stuck device, an open line or a damaged converter does to a chip that trains."""
