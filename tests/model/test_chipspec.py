"""Chipspecs: what loads, what each error says, what is derived."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from crosschop.model.chipspec import (
    SpecError,
    load_chipspec,
    shipped_chipspecs,
)
from crosschop.model.chipspec.documentation import resolved

README = Path(__file__).parents[2] / "chipspecs" / "README.md"
HEADER = "extends: agad_20\nname: chip\nsummary: a chip for a test\n"

Write = Callable[..., Path]


def errors_of(path: str | Path, *overrides: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_chipspec(path, overrides)
    assert all("\n" not in message for message in caught.value.messages)
    return caught.value.messages


# ---------------------------------------------------------------- shipped chips


@pytest.mark.parametrize("path", shipped_chipspecs(), ids=lambda path: path.stem)
def test_shipped_chip_loads_and_says_what_it_is(path: Path) -> None:
    spec = load_chipspec(path)
    assert spec.name == path.stem
    assert spec.summary
    assert spec.notes and spec.notes.startswith("Special: ")
    assert f"| `{path.name}` |" in README.read_text()


def test_shipped_names() -> None:
    names = {path.stem for path in shipped_chipspecs()}
    assert names >= {"agad_20", "agad_tiny", "agad_64", "agad_512", "agad_beta1", "agad_rect", "agad_wide"}


@pytest.mark.parametrize("path", shipped_chipspecs(), ids=lambda path: path.stem)
def test_resolved_yaml_is_the_same_chip(path: Path, write: Write) -> None:
    spec = load_chipspec(path)
    assert load_chipspec(write(resolved(spec))) == spec


def test_bare_name_prefers_a_file(write: Write) -> None:
    assert load_chipspec("agad_20").name == "agad_20"
    write(HEADER, "agad_20")
    assert load_chipspec("agad_20").name == "chip"


# ---------------------------------------------------------------- files that cannot be read as a chip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "chip.yaml: is empty"),
        ("# only a comment\n", "chip.yaml: is empty"),
        ("- 1\n", "chip.yaml: must be a mapping of sections, got [1]"),
        ("a: 1\nb: [\n", "chip.yaml:3: not a valid chipspec: expected the node content, but found '<stream end>'"),
        ("a: 1\nb: 2\na: 3\n", "chip.yaml:3: not a valid chipspec: duplicate key a"),
        ("a:\n  b: 1\n  b: 1\n", "chip.yaml:3: not a valid chipspec: duplicate key b"),
        ("1: 2\n", "chip.yaml:1: not a valid chipspec: the key 1 is not text"),
        ("&a [*a]\n", "chip.yaml:1: not a valid chipspec: found unconstructable recursive node"),
        ("&a\nx: *a\n", "chip.yaml:1: not a valid chipspec: found unconstructable recursive node"),
        (
            "x: !!timestamp 2026-09-09\n",
            "chip.yaml:1: not a valid chipspec: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:timestamp'",
        ),
        (
            "x: \x01\n",
            "chip.yaml: not a valid chipspec: unacceptable character #x0001: special characters are not allowed",
        ),
        ("x: " + "[" * 5000, "chip.yaml:1: not a valid chipspec: nested deeper than 50 levels"),
    ],
)
def test_not_a_chipspec(write: Write, text: str, sentence: str) -> None:
    assert errors_of(write(text)) == [sentence]


def test_missing_file(write: Write) -> None:
    names = ", ".join(path.stem for path in shipped_chipspecs())
    assert errors_of("xyz.yaml") == [f"xyz.yaml: no such file or shipped chipspec; shipped chipspecs: {names}"]
    assert errors_of("agad_21") == ["agad_21: no such file or shipped chipspec, did you mean agad_20?"]
    Path("folder").mkdir()
    assert errors_of("folder") == ["folder: is a folder, not a chipspec"]


def test_not_text(write: Write) -> None:
    path = write("")
    path.write_bytes(b"name: \xff\n")
    assert errors_of(path) == ["chip.yaml: is not UTF-8 text"]


def test_unreadable(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(HEADER)

    def refuse(*_args: object, **_kwargs: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert errors_of(path) == ["chip.yaml: cannot be read: Permission denied"]


# ---------------------------------------------------------------- wrong values


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("array.rows=0", "array.rows = 0, allowed: integer 1..4096"),
        ("array.rows=4097", "array.rows = 4097, allowed: integer 1..4096"),
        ("array.rows=2.0", "array.rows = 2.0, allowed: integer 1..4096"),
        ("array.rows=true", "array.rows = true, allowed: integer 1..4096"),
        ("array.rows=null", "array.rows = null, allowed: integer 1..4096"),
        ("array.rows='4'", 'array.rows = "4", allowed: integer 1..4096'),
        ("array.rows=[4]", "array.rows = [4], allowed: integer 1..4096"),
        ("algorithm.beta=0", "algorithm.beta = 0, allowed: number > 0 and <= 1"),
        ("algorithm.beta=.nan", "algorithm.beta = NaN, allowed: number > 0 and <= 1"),
        ("algorithm.gamma0=.inf", "algorithm.gamma0 = Infinity, allowed: number > 0 and <= 1000000000"),
        ("algorithm.chop.probability=1", "algorithm.chop.probability = 1, allowed: number > 0 and < 1, or null"),
        (
            "algorithm.name=agda",
            'algorithm.name = "agda", allowed: one of ttv2, c_ttv2, agad, in_memory_sgd, mixed_precision',
        ),
        ("algorithm.chop.mode=never", 'algorithm.chop.mode = "never", allowed: one of regular, random, off'),
        ("timing.polarity_phases=3", "timing.polarity_phases = 3, allowed: one of 1, 2"),
        ("controller.lane_stages=5", "controller.lane_stages = 5, allowed: one of 3, 4"),
        ("controller.memory_ports=3", "controller.memory_ports = 3, allowed: one of 1, 2"),
        ("converter.dac.lines_per_adc=2", "unknown key converter.dac.lines_per_adc, did you mean"),
        ("controller.trace=1", "controller.trace = 1, allowed: true or false"),
        ("controller.trace=on", 'controller.trace = "on", allowed: true or false'),
        ("converter.dac.bits=1", "converter.dac.bits = 1, allowed: integer 2..16, or null"),
        ("converter.read_adc.bits=null", "converter.read_adc.bits = null, allowed: integer 2..16"),
        ("name=X-1", 'name = "X-1", allowed: text pattern ^[a-z][a-z0-9_]*$'),
        ("summary=3", "summary = 3, allowed: text"),
        ("array=null", "array = null, allowed: a section with the keys rows, cols"),
        ("array_r=3", "array_r = 3, allowed: a section with the keys target, mean, std, or null"),
        ("algorithm.beta.x=2", 'algorithm.beta = {"x": 2}, allowed: number > 0 and <= 1'),
        ("algorithm.betta=1", "unknown key algorithm.betta, did you mean algorithm.beta?"),
        ("lanes=1", "unknown key lanes, did you mean controller.lanes?"),
        ("array.zzz=1", "unknown key array.zzz, allowed: rows, cols"),
        ("extends=agad_64", "unknown key extends, allowed: name, summary,"),
    ],
)
def test_wrong_value(write: Write, override: str, sentence: str) -> None:
    (message,) = errors_of(write(HEADER), override)
    assert message.startswith(f"--set: {sentence}")


def test_keys_of_another_algorithm(write: Write) -> None:
    chip = write(HEADER)
    assert [message.split(": ", 1)[1] for message in errors_of(chip, "algorithm.name=ttv2")] == [
        "algorithm.beta does not go with name ttv2; null removes it",
        "algorithm.chop does not go with name ttv2; null removes it",
    ]
    # Taken back, what is left to say is that TTv2 reads A - R and keeps no P^ref.
    taken_back = ["algorithm={name: ttv2, beta: null, chop: null}"]
    assert errors_of(chip, *taken_back) == ["chip.yaml: algorithm ttv2 needs array_r"]
    message = "chip.yaml: reference does not go with algorithm ttv2; null removes it"
    assert errors_of(chip, *taken_back, "array_r={}") == [message]


def test_place_is_the_file_that_gave_the_value(write: Write) -> None:
    write(HEADER + "array: {rows: 0, cols: 0}\n", "base.yaml")
    child = write("extends: base\nname: chip\nsummary: s\narray: {cols: -1}\n")
    assert errors_of(child) == [
        "base.yaml: array.rows = 0, allowed: integer 1..4096",
        "chip.yaml: array.cols = -1, allowed: integer 1..4096",
    ]


def test_missing_keys_are_listed(write: Write) -> None:
    messages = errors_of(write("name: chip\narray: {rows: 3}\n"))
    assert "chip.yaml: missing key summary, allowed: text" in messages
    assert "chip.yaml: missing key array.cols, allowed: integer 1..4096" in messages
    assert "chip.yaml: missing key device, allowed: a section with the keys a, w" in messages


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["algorithm.chop.mode=random"], "algorithm.chop: period does not go with mode 'random'"),
        (["algorithm.chop.period=null"], "algorithm.chop: mode 'regular' needs period"),
        (
            ["hidden.frac_bits=15"],
            "hidden: max_steps * 2^frac_bits = 32768 exceeds the largest H of 16 bits, 32767",
        ),
        (["hidden.momentum_shift=1"], "hidden: momentum_shift goes with reset 'decay' only"),
        (["reference.p_bits=8"], "reference.p_bits = 8 must lie between converter.read_adc.bits = 9 and 25"),
        (
            ["algorithm.beta=1"],
            "reference.p_bits = 13 must equal converter.read_adc.bits = 9 when algorithm.beta is 1: P is the last code",
        ),
        (
            ["converter.read_adc.lines_per_adc=2"],
            "converter.read_adc.lines_per_adc = 2 needs timing.conversion_ns above 0: at 0 the conversion is part of "
            "timing.mvm_ns, which cannot be repeated; set it to the time of one conversion",
        ),
        (
            ["array={rows: 3, cols: 7}", "converter.read_adc.lines_per_adc=4", "timing.conversion_ns=1"],
            "converter.read_adc.lines_per_adc = 4 exceeds array.rows, 3",
        ),
        (
            ["array={rows: 3, cols: 7}", "converter.adc.lines_per_adc=8", "timing.conversion_ns=1"],
            "converter.adc.lines_per_adc = 8 exceeds the longer side of the array, 7",
        ),
        (["algorithm.beta=0.001"], "algorithm.beta = 0.001 rounds to 0 at reference.beta_bits = 8"),
    ],
)
def test_rules_between_keys(write: Write, overrides: list[str], sentence: str) -> None:
    assert errors_of(write(HEADER), *overrides) == [f"chip.yaml: {sentence}"]


def test_no_memory_no_ports() -> None:
    with pytest.raises(SpecError, match="memory_ports = 1 does not go with algorithm in_memory_sgd: its controller"):
        load_chipspec("in_memory_sgd_20", ["controller.memory_ports=1"])


def test_four_stages_need_lanes_and_ports() -> None:
    """rtl/README.md: with one port the write-back of a beat would meet the read of the next but one."""
    with pytest.raises(SpecError, match=r"lane_stages = 4 does not go with controller\.memory_ports = 1: a write-back"):
        load_chipspec("agad_shared", ["controller.lane_stages=4"])
    for chip in ("in_memory_sgd_20", "mixed_precision_20"):
        with pytest.raises(SpecError, match="lane_stages = 4 does not go with algorithm"):
            load_chipspec(chip, ["controller.lane_stages=4"])


@pytest.mark.parametrize("rate", ["1e-30", "1e-320"])
def test_gain_that_does_not_fit(write: Write, rate: str) -> None:
    (message,) = errors_of(write(HEADER), f"algorithm.learning_rate={rate}")
    assert message.startswith("chip.yaml: the gain into H, ") and message.endswith("allowed 0..48")


def test_all_errors_at_once(write: Write) -> None:
    path = write(HEADER + "lane: 3\narray: {rows: 0}\ntiming: {clock_ns: 0}\n")
    messages = errors_of(path, "hidden.bits=99", "nonsense", "a={")
    assert sorted(messages) == [
        "--set a={: not a valid chipspec: expected the node content, but found '<stream end>'",
        '--set: "nonsense" is not KEY=VALUE, for example algorithm.beta=0.5',
        "--set: hidden.bits = 99, allowed: integer 4..32",
        "chip.yaml: array.rows = 0, allowed: integer 1..4096",
        "chip.yaml: timing.clock_ns = 0, allowed: number 0.01..1000",
        "chip.yaml: unknown key lane, did you mean controller.lanes?",
    ]


def test_malformed_override_is_an_error_on_its_own(write: Write) -> None:
    for override in ("nonsense", "=3", "a..b=3"):
        (message,) = errors_of(write(HEADER), override)
        assert message.startswith("--set: ")


# ---------------------------------------------------------------- extends and --set


def test_extends_merges_deeply(write: Write) -> None:
    base, spec = load_chipspec("agad_20"), load_chipspec(write(HEADER + "algorithm: {beta: 0.25}\n"))
    assert spec.algorithm == base.algorithm.model_copy(update={"beta": 0.25})
    assert spec.device == base.device
    assert (spec.name, spec.notes) == ("chip", None), "name, summary and notes describe one file"


def test_null_replaces(write: Write) -> None:
    text = HEADER + "algorithm: {chop: {mode: random, period: null, probability: 0.25}}\n"
    assert load_chipspec(write(text)).algorithm.chop.period is None


def test_extends_finds_siblings_paths_and_shipped(write: Write) -> None:
    write(HEADER + "array: {rows: 3}\n", "parts/first.yaml")
    write("extends: first\nname: second\nsummary: s\narray: {cols: 7}\n", "parts/second.yaml")
    third = write("extends: parts/second.yaml\nname: third\nsummary: s\n", "third.yaml")
    array = load_chipspec(third).array
    assert (array.rows, array.cols) == (3, 7)
    own = write("extends: agad_20\nname: own\nsummary: s\n", "agad_20.yaml")
    assert load_chipspec(own).array.rows == 20, "a file may extend the shipped chip of its own name"


def test_extends_errors(write: Write) -> None:
    assert errors_of(write("extends: agad_2\n")) == [
        'chip.yaml: extends = "agad_2", no such sibling, relative path or shipped chipspec, did you mean agad_20?'
    ]
    assert errors_of(write("extends: 3\n")) == [
        "chip.yaml: extends = 3, allowed: the name or relative path of a chipspec"
    ]
    write("extends: chip\n", "b.yaml")
    assert errors_of(write("extends: b\n")) == ["chip.yaml: extends goes in a circle: chip.yaml -> b.yaml -> chip.yaml"]
    write("", "empty.yaml")
    assert errors_of(write("extends: empty\n")) == ["empty.yaml: is empty"]


def test_overrides_are_yaml_and_the_last_wins() -> None:
    overrides = ["array.rows=3", "array.rows=5", "algorithm.chop={mode: off, period: null}", "algorithm.gamma0=1e3"]
    spec = load_chipspec("agad_20", [*overrides, "converter.dac.bits=null", "controller.lfsr_seed=0xBEEF"])
    assert spec.array.rows == 5
    assert spec.algorithm.chop.mode == "off", "YAML 1.2: off is text"
    assert spec.algorithm.gamma0 == 1000, "YAML 1.2: 1e3 is a number"
    assert spec.converter.dac.bits is None
    assert spec.controller.lfsr_seed == 0xBEEF


# ---------------------------------------------------------------- rules between keys of the algorithms


def test_read_correction_needs_chop_periods() -> None:
    (message,) = errors_of("ttv2_20", "algorithm.read_correction=20")
    assert message.endswith("read_correction needs a chopper: without chop periods the index of a read never ends")
    assert errors_of("agad_20", "algorithm.chop={mode: off, period: null}", "algorithm.read_correction=20")


def test_read_correction_leaves_bits_of_the_gain() -> None:
    (message,) = errors_of("agad_20", "hidden.rate_bits=4", "algorithm.read_correction=10")
    # A mantissa of four bits is 15 at most.
    leaves = r"algorithm\.read_correction = 10 leaves [01] of the gain's mantissa of hidden\.rate_bits = 4 bits"
    assert re.search(leaves, message)
    load_chipspec("agad_20", ["algorithm.read_correction=255"])


def test_zero_of_a_is_told_by_the_reference_array() -> None:
    for override in ("device.a.zero_at_symmetry_point=true", "device.a.sigma_zero=0.1"):
        (message,) = errors_of("agad_20", override)
        assert "does not go with this array: array_r tells what weight 0 is" in message
    # A preset brings such keys along; for A they are left out, for W they stay.
    spec = load_chipspec("agad_20", ["device.a={preset: reram_array_om}", "device.w={preset: reram_array_om}"])
    assert not getattr(spec.device.a, "zero_at_symmetry_point", None)
    assert getattr(spec.device.w, "zero_at_symmetry_point", None) is True


def test_preset_comes_before_the_keys_set_in_it() -> None:
    orders = [["device.a.n_states=77", "device.a.preset=ecram"], ["device.a.preset=ecram", "device.a.n_states=77"]]
    first, second = (load_chipspec("agad_20", overrides) for overrides in orders)
    assert first == second
    assert first.gradient_device.n_states == 77
