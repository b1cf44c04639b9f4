"""Co-simulation of xc_controller: TTv2, c-TTv2 and AGAD, a column transfer at a time."""
