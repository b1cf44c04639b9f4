"""Everything that needs no simulator: chipspec, analog arrays, algorithms, golden controller, cycle model."""
