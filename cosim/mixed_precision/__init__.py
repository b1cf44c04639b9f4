"""The bench of mixed precision: record, scoreboard, stimulus and plan of xc_mixed_precision."""
