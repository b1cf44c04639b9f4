"""Area of a chip: cells, drivers, converters and memories modelled, controller logic as synthesised."""
