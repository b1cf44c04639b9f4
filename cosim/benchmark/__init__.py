"""How fast every engine is, each beside its limit measured in the same run: `crosschop bench`."""
