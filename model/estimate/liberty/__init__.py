"""Cells of the SKY130 high density library as Liberty: the file, and the generator that characterised it."""

from __future__ import annotations

from pathlib import Path

# Pre-layout figures of the typical corner, 1.8 V, 25 C; made by `python -m crosschop.model.estimate.liberty.generate`
SKY130 = Path(__file__).with_name("sky130_hd_tt_1v80_25c.lib")
