"""Retire traces that were recorded elsewhere, in any simulator, against the golden model; needs no simulator itself."""
