"""Many variants of a chip: which there are, how well each trains, what it costs, which of them nothing else beats."""
