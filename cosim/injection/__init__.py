"""Upsets in the RTL under simulation: where the bits stand, when they are flipped, what the scoreboard says."""
