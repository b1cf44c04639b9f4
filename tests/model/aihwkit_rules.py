"""aihwkit's transfer rules once more, element by element: makes traces of any shape and with any options.

Written from the rules, not from the code under test: one scalar at a time, choppers as truth values, P^ref copied when
a column is read again, a counter of sweeps. Numbers have 32 bits, as in aihwkit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

F = np.float32
ZERO, ONE = F(0), F(1)

HEAD: dict[str, Any] = {
    "algorithm": "agad", "in_size": 5, "out_size": 3, "transfer_every": 1, "lr_scale": 50, "in_chop_prob": 0.25,
    "tail_weightening": 2, "reference": 0.2, "forget_buffer": 1, "momentum": 0, "dw_min": 0.01,
}  # fmt: skip


class Rules:
    """State of one run."""

    def __init__(self, head: dict[str, Any]) -> None:
        self.head = head
        self.rows, self.cols = head["out_size"], head["in_size"]
        size = self.rows * self.cols
        self.a, self.w, self.h, self.p, self.pref = ([ZERO] * size for _ in range(5))
        self.chopped, self.switched = [False] * self.cols, [False] * self.cols
        self.updates = self.slice = self.sweeps = 0

    def pulse(self, weights: list[Any], at: int, up: bool, reference: Any) -> None:
        step, w = F(self.head["dw_min"]), weights[at] + reference
        bound = F(self.head.get("w_max", 1) if up else self.head.get("w_min", -1))
        w = w + step * (ONE - w / bound) if up else w - step * (ONE - w / bound)
        w = max(w, F(self.head.get("w_min", -1)))
        weights[at] = min(w, F(self.head.get("w_max", 1))) - reference

    def update(self, x: list[float], d: list[float]) -> None:
        for i in range(self.rows):
            for j in range(self.cols):
                if x[j] != 0 and d[i] != 0:
                    up = ((x[j] > 0) == (d[i] > 0)) == self.chopped[j]  # a positive product lowers the weight
                    self.pulse(self.a, i * self.cols + j, up, F(self.head["reference"]))
        self.updates += 1
        if self.updates % self.head["transfer_every"] == 0:
            self.read(self.slice)
            self.slice = (self.slice + 1) % self.cols

    def period(self) -> int:
        if self.head["algorithm"] == "ttv2" or self.head["in_chop_prob"] == 0:
            return 0
        return max(math.ceil(ONE / F(self.head["in_chop_prob"])), 2)

    def read(self, column: int) -> None:
        n, agad = self.period(), self.head["algorithm"] == "agad"
        gain = F(self.head["lr_scale"])
        if agad and self.head.get("experimental_correct_accumulation"):
            gain = gain / min(F(self.sweeps % n + 1), ONE / F(self.head["dw_min"]))
        for i in range(self.rows):
            at = i * self.cols + column
            omega = self.a[at]
            if agad and self.switched[column]:
                self.pref[at] = self.p[at]
            z = omega - self.pref[at] if agad else omega
            h = (ZERO if self.head.get("no_buffer") else self.h[at]) + gain * (-z if self.chopped[column] else z)
            self.h[at], steps = self.after_write(h)
            if agad:
                beta = min(F(self.head["tail_weightening"]) / F(n), ONE)
                self.p[at] = self.p[at] * (ONE - beta) + omega * beta
            for _ in range(abs(steps)):
                if not agad or self.sweeps > n:
                    self.pulse(self.w, at, steps > 0, ZERO)
        self.switched[column] = n > 0 and self.sweeps % n + 1 == n
        if self.switched[column]:
            self.chopped[column] = not self.chopped[column]
        if column == self.cols - 1:
            self.sweeps += 1

    def after_write(self, h: Any) -> tuple[Any, int]:
        """H after a crossing, and the pulses."""
        if abs(h) < 1:
            return h, 0
        limit = self.head.get("desired_bl", 1)
        steps = max(min(int(h), limit), -limit)
        if self.head["forget_buffer"]:
            return h * F(self.head["momentum"]), steps
        h = h - (ONE - F(self.head["momentum"])) * F(steps)
        cap = F(self.head.get("buffer_cap", 10) * limit)
        return (max(min(h, cap), -cap) if self.head["algorithm"] == "agad" and cap > 0 else h), steps

    def matrices(self) -> dict[str, list[float]]:
        agad = self.head["algorithm"] == "agad"
        found = {"hidden_weights_0": self.a, "hidden_weights_1": self.w, "W": self.w}
        found["buffered_FP_weight" if agad else "buffered_FP_weight_0"] = self.h
        if agad:
            found |= {"running_mean_weight": self.p, "past_mean_weight": self.pref}
        return {name: [float(f"{value:.9g}") for value in matrix] for name, matrix in found.items()}


Vector = list[float]


def run_rules(inputs: list[tuple[Vector, Vector]], **changes: Any) -> dict[str, Any]:
    """The trace of given (x, d), with changes of the head."""
    head = {**HEAD, **changes}
    rules = Rules(head)
    steps: list[dict[str, Any]] = []
    for x, d in inputs:
        rules.update(x, d)
        steps.append({"t": len(steps) + 1, "x": x, "d": d, **rules.matrices()})
    return {**head, "steps": steps}


def make_trace(steps: int, seed: int, levels: tuple[float, ...] = (-1, 1), **changes: Any) -> dict[str, Any]:
    """A trace with random inputs from `levels`, the later ones likelier in x and less likely in d, so that A drifts."""
    head = {**HEAD, **changes}
    draw = np.random.default_rng(seed)
    weights = np.linspace(1, 2, len(levels)) / np.linspace(1, 2, len(levels)).sum()
    x = draw.choice(levels, (steps, head["in_size"]), p=weights).tolist()
    d = draw.choice(levels, (steps, head["out_size"]), p=weights[::-1]).tolist()
    return run_rules(list(zip(x, d, strict=True)), **changes)
