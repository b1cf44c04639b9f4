"""Mutation of a controller: small changes of its RTL, each of which verification has to find."""
