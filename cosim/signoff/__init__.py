"""Sign-off of a controller: every check at a stated effort, one page with the evidence."""
