"""Golden model: integers alone in its source, a maximal LFSR, compiled code that equals its Python text."""

from __future__ import annotations

import ast
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crosschop.model.golden
from crosschop.model.golden import chopper, controller, fixed, lfsr, mixed_precision, scheduler, transfer
from crosschop.model.golden.state import ControllerConfig, new_transfer, reset_state

FOLDER = Path(crosschop.model.golden.__file__).parent
PREFIX = "crosschop.model.golden"
MASK = 2**32 - 1


def faults(source: str) -> list[str]:
    """What in a source is not integer arithmetic, or comes from elsewhere in the project."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"literal {node.value}")
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append("true division")
        name = getattr(node, "id", getattr(node, "attr", ""))
        if isinstance(name, str) and name.startswith(("float", "double", "complex", "true_divide")):
            found.append(f"name {name}")
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [("." * node.level) + (node.module or "")]
        for module in modules:
            allowed = {"numpy", "numba", *sys.stdlib_module_names}
            if module.partition(".")[0] not in allowed and f"{module}.".find(f"{PREFIX}.") != 0:
                found.append(f"import {module}")
    return found


def test_integers_only() -> None:
    sources = sorted(FOLDER.glob("*.py"))
    assert len(sources) >= 6
    for path in sources:
        assert faults(path.read_text(encoding="utf-8")) == [], path.name


@pytest.mark.parametrize("source", [
    "x = 0.5", "x = a / 2", "a /= 2", "x = float(a)", "x = np.float64(a)", "import scipy", "from . import x",
    "from crosschop.model.analog import tile", "import crosschop.model.goldenrod", "x = 1j", "x = 1e3",
])  # fmt: skip
def test_integers_only_catches(source: str) -> None:
    assert faults(source)
    assert not faults("import numpy as np\nfrom crosschop.model.golden.state import COUNTER\nx = np.int64(3) // 2 >> 1")


def single_step(state: int) -> int:
    """One step of the LFSR as rtl/README.md has it: 32 bits, right shift, Galois, 0xA3000000."""
    return (state >> 1) ^ (0xA3000000 if state & 1 else 0)


Matrix = list[int]


def apply(matrix: Matrix, vector: int) -> int:
    """Matrix (columns as integers) times vector over GF(2)."""
    result = 0
    for bit, column in enumerate(matrix):
        if vector >> bit & 1:
            result ^= column
    return result


def power(matrix: Matrix, exponent: int) -> Matrix:
    result = [1 << bit for bit in range(32)]
    while exponent:
        if exponent & 1:
            result = [apply(matrix, column) for column in result]
        matrix = [apply(matrix, column) for column in matrix]
        exponent >>= 1
    return result


def is_maximal(matrix: Matrix) -> bool:
    """The order is 2^32 - 1 exactly: the power is 1 there and at none of its maximal divisors."""
    identity = power(matrix, 0)
    primes = (3, 5, 17, 257, 65537)
    assert np.prod(primes) == MASK
    return power(matrix, MASK) == identity and all(power(matrix, MASK // prime) != identity for prime in primes)


def test_lfsr_is_maximal() -> None:
    """So is the sequence of draws: 16 steps each, and 16 has no factor in common with the order."""
    assert is_maximal([single_step(1 << bit) for bit in range(32)])
    # x^32 + x^26 + x^25 + 1 without x^30: not maximal, and the check says so.
    assert not is_maximal([(1 << bit) >> 1 ^ (0x83000000 if bit == 0 else 0) for bit in range(32)])


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.integers(1, MASK))
def test_a_draw_is_sixteen_steps(state: int) -> None:
    sixteen = power([single_step(1 << bit) for bit in range(32)], 16)
    assert lfsr.lfsr_draw(state) == apply(sixteen, state)


@pytest.mark.parametrize("threshold", [0, 655, 6554, 32768, 65535])
def test_flip_rate(threshold: int) -> None:
    """A flip in a share threshold / 2^16 of the reads, neighbouring draws independent (five standard deviations)."""
    config = CONFIG._replace(chop_mode=2, chop=threshold)
    state = reset_state(config)
    flips = np.array([chopper.draw_flip(config, state, 0) for _ in range(20_000)], dtype=float)
    share = threshold / 65536
    assert abs(flips.mean() - share) <= 5 * np.sqrt(share * (1 - share) / flips.size)
    if 0 < threshold < 65535:
        assert abs(np.corrcoef(flips[1:], flips[:-1])[0, 1]) < 5 / np.sqrt(flips.size)


def pure(function: Any, made: dict[Any, Any]) -> Any:
    """A compiled function's own text as interpreted Python, everything that it calls included."""
    if function not in made:
        text = function.py_func
        names = dict(text.__globals__)
        made[function] = types.FunctionType(text.__code__, names, text.__name__, text.__defaults__)
        for name, value in text.__globals__.items():
            if hasattr(value, "py_func"):
                names[name] = pure(value, made)
    return made[function]


CONFIG = ControllerConfig(
    rows=3, cols=2, reference=True, p_frac=4, p_store=True, beta=77, beta_bits=8, h_bits=14, h_frac=8, lr_h=901,
    lr_shift=8,
    correction=0, max_steps=2, h_decay=False, h_momentum_shift=0, h_rounding=0, p_rounding=0, transfer_every=2,
    chop_mode=2,
    chop=20_000, warmup=2, lfsr_seed=0x9D872B41, random_order=False,
    column_seed=0x2C9277B5,
)  # fmt: skip


@pytest.mark.parametrize("change", [
    {}, {"h_decay": True, "h_momentum_shift": 2, "h_rounding": 1}, {"p_store": False, "chop_mode": 1, "chop": 2},
    {"p_rounding": 2, "h_rounding": 2, "chop_mode": 0}, {"reference": False, "random_order": True, "correction": 5},
])  # fmt: skip
def test_compiled_equals_its_text(change: dict[str, Any]) -> None:
    config = CONFIG._replace(**change)
    states, outputs = [reset_state(config) for _ in "ab"], [new_transfer(config) for _ in "ab"]
    steps = (controller.step_transfer, pure(controller.step_transfer, {}))
    for codes in np.random.default_rng(4).integers(-256, 256, (200, 3)):
        for step, state, output in zip(steps, states, outputs, strict=True):
            step(config, state, codes, output)
        for compiled, interpreted in zip((*states[0], *outputs[0]), (*states[1], *outputs[1]), strict=True):
            np.testing.assert_array_equal(compiled, interpreted)
    assert states[0].h.any()


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.integers(-(2**49), 2**49), st.integers(0, 48), st.integers(0, 2), st.integers(2, 32))
def test_arithmetic(value: int, shift: int, rounding: int, bits: int) -> None:
    """Roundings and saturation against exact integers, and against their own text."""
    unit = 2**shift
    toward_zero = (1 if value >= 0 else -1) * (abs(value) // unit)
    expected = ((2 * value + unit) // (2 * unit), value // unit, toward_zero)[rounding]
    limited = max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, value))
    for function in (lambda f: f, lambda f: pure(f, {})):
        assert function(fixed.round_shift)(value, shift, rounding) == expected
        assert function(fixed.trunc_to_zero)(value, shift) == toward_zero
        assert function(fixed.saturate)(value, bits) == limited


def test_scheduler_and_rows_equal_their_text() -> None:
    assert all(hasattr(function, "py_func") for function in (scheduler.step_sample, transfer.leaky_mean))
    config, states = CONFIG, [reset_state(CONFIG) for _ in "ab"]
    for _ in range(7):
        assert scheduler.step_sample(config, states[0]) == pure(scheduler.step_sample, {})(config, states[1])


@pytest.mark.parametrize("rounding", [0, 1, 2])
def test_mixed_precision_equals_its_text(rounding: int) -> None:
    config = mixed_precision.MixedConfig(
        rows=3, cols=2, chi_bits=12, chi_frac=7, lr=171, lr_shift=16, max_steps=2, chi_rounding=rounding, batch=3
    )  # fmt: skip
    states = [mixed_precision.reset_mixed(config) for _ in "ab"]
    outputs = [new_transfer(CONFIG) for _ in "ab"]
    steps = (mixed_precision.step_column, pure(mixed_precision.step_column, {}))
    for x, *d in np.random.default_rng(4).integers(-256, 256, (200, 4)):
        for step, state, output in zip(steps, states, outputs, strict=True):
            step(config, state, x, np.array(d), output)
        for compiled, interpreted in zip((*states[0], *outputs[0]), (*states[1], *outputs[1]), strict=True):
            np.testing.assert_array_equal(compiled, interpreted)
    assert states[0].chi.any()
