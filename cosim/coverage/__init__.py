"""Coverage of a verification: the plan, what runs have met of it, and which code of the controller they reached."""
