"""The analog side in floats: devices, crossbars, pulse drivers, converters, and the tile that joins them."""
