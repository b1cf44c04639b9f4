"""Check of the float algorithms against traces of IBM's aihwkit, step by step.

A trace holds the inputs x and d of every update and the matrices after it. `check_trace` computes the matrices from x
and d alone and compares each of them. See README.md in this folder for the format, and for all that aihwkit does in
another way than the paper.
"""

from __future__ import annotations

from crosschop.model.aihwkit.compatibility import AihwkitCompatibility
from crosschop.model.aihwkit.replay import RTOL, Divergence, Replay, check_trace, replay
from crosschop.model.aihwkit.trace import Settings, Trace, load_trace, parse_trace

__all__ = [
    "RTOL",
    "AihwkitCompatibility",
    "Divergence",
    "Replay",
    "Settings",
    "Trace",
    "check_trace",
    "load_trace",
    "parse_trace",
    "replay",
]
