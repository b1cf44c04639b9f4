"""The engine `native`: the Verilated controller as a library of this process, driven by the compiled training loop."""
