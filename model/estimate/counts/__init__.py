"""What training stores, moves, wears and does, counted."""
