"""Everything that starts a simulator or talks to one, and the command line."""
