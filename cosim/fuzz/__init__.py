"""Random legal chips under random stimulus, and the small case that shows what is wrong."""
