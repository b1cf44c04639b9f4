"""Area and speed of the controller's logic: Yosys on the actual RTL, mapped to the cells of a Liberty file."""
