"""Time of a chip: what a sample takes, by phase, in the paper's account and in the schedule that the RTL runs."""
