"""The commands of `crosschop`, one module each; cli.py imports one when it is called for."""
