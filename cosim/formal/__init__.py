"""Proofs about the controller: properties in hdl/, induction by Bitwuzla, reachability by ABC."""
