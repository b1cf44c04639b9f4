"""Files that are made to hurt: every reader of YAML or JSON answers with one sentence, in little time and memory."""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crosschop.model.aihwkit import check_trace
from crosschop.model.chipspec import SpecError, load_chipspec
from crosschop.model.errors import InputError
from crosschop.model.estimate.assumptions import read_assumptions
from crosschop.model.estimate.constants import load_constants
from crosschop.model.estimate.network import load_network

HEADER = "extends: agad_20\nname: chip\nsummary: a chip for a test\n"
# A thousandfold of what a chipspec takes, and far below what a bomb would.
MEMORY = 2 << 30
SECONDS = 60

# Ten names for ten times the one before: 10^10 values in a few lines.
BOMB = "a0: &a0 [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
KEYS_BOMB = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{n}: &a{n} {{k: *a{n - 1}, l: *a{n - 1}, m: *a{n - 1}}}\n" for n in range(1, 30)
)
MERGE_BOMB = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
TOO_MANY, TOO_DEEP = "more than 20,000 values", "nested deeper than 50 levels"

HOSTILE = {
    "aliases": (BOMB, TOO_MANY),
    "aliases of sections": (KEYS_BOMB, TOO_MANY),
    "merge keys": (MERGE_BOMB, TOO_MANY),
    "many values": ("a: [" + "1, " * 30_000 + "1]\n", TOO_MANY),
    "large": ("a: " + "x" * (600 << 10) + "\n", "is larger than 0.5 MiB"),
    "lists in lists": ("a: " + "[" * 10_000 + "]" * 10_000, TOO_DEEP),
    "sections in sections": ("a: " + "{a: " * 10_000 + "1" + "}" * 10_000, TOO_DEEP),
    "indented": ("".join(f"{' ' * n}a:\n" for n in range(900)), TOO_DEEP),
    "sequences": ("- " * 10_000 + "1\n", TOO_DEEP),
    "contains itself": ("a: &a {b: *a}\n", "recursive"),
    "python object": ("a: !!python/object/apply:os.system ['echo bad']\n", "tag:yaml.org,2002:python/object"),
    "python name": ("a: !!python/name:os.system\n", "tag:yaml.org,2002:python/name"),
    "unknown tag": ("a: !mine 1\n", "!mine"),
    "set": ("a: !!set {b}\n", "tag:yaml.org,2002:set"),
    "binary": ("a: !!binary aGk=\n", "tag:yaml.org,2002:binary"),
    "empty integer": ('a: !!int ""\n', "does not go with its tag"),
    "empty float": ('a: !!float ""\n', "does not go with its tag"),
    "no boolean": ("a: !!bool perhaps\n", "does not go with its tag"),
    "duplicate": ("a: 1\na: 2\n", "duplicate key a"),
    "duplicate below": ("a: {b: 1, b: 2}\n", "duplicate key b"),
    "unhashable key": ("? [1, 2]\n: 3\n", "is not text"),
    "digits": ("a: " + "9" * 100_000 + "\n", "digits"),
    "NUL": ("a: b\0c\n", "#x0000"),
    "documents": ("a: 1\n---\nb: 2\n", "single document"),
    "unfinished": ("a: [1, 2\n", "expected"),
    "no text": (b"\xff\xfea\0:\0 \x001\0", "is not UTF-8 text"),
    "binary file": (bytes(range(256)), "is not UTF-8 text"),
}
READERS: dict[str, Callable[[Path], object]] = {
    "chipspec": load_chipspec,
    "constants": load_constants,
    "network": load_network,
}


def sentences(read: Callable[[Path], object], path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(path)
    messages = caught.value.messages
    assert messages
    assert all("\n" not in message and len(message) < 2000 for message in messages)
    assert len(messages) <= 30
    return messages


@pytest.fixture
def bounded() -> object:
    """Memory as it is, and 2 GiB more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml(reader: str, name: str, tmp_path: Path) -> None:
    content, text = HOSTILE[name]
    path = tmp_path / "file.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (message,) = sentences(READERS[reader], path)
    assert message.startswith(str(path))
    assert text in message


@pytest.mark.parametrize("value", ["0x" + "f" * 20_000, "1" + "0" * 4000, "-" + "1" * 4000, ".nan", "-.inf", "1e400"])
@pytest.mark.parametrize("key", ["array.rows", "algorithm.beta", "timing.clock_ns", "device.a.dw_min", "seed", "notes"])
def test_numbers_beyond_everything(key: str, value: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_chipspec("agad_20", [f"{key}={value}"])
    assert all(len(message) < 400 and "\n" not in message for message in caught.value.messages)


def test_overrides_are_as_bounded_as_files(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text(HEADER)
    for override in (
        "a." * 10_000 + "a=1",
        "array=" + "[" * 10_000,
        "array.rows=!!python/object:os.system {}",
        "array={rows: 1, rows: 2}",
        "array.rows=" + "9" * 100_000,
        "array.rows=\0",
        "=1",
        "",
        "array.rows=&a [*a]",
        "\ud800=1",
        "array.rows=\ud800",
    ):
        sentences(lambda file, override=override: load_chipspec(file, [override]), path)
    with pytest.raises(InputError):
        read_assumptions(["node_nm=" + "9" * 100_000])
    with pytest.raises(InputError):
        read_assumptions(["node_nm=" + "[" * 10_000])


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + HEADER.encode())
    assert load_chipspec(path).name == "chip"


def test_thousands_of_wrong_keys_give_few_sentences(tmp_path: Path) -> None:
    path = tmp_path / "chip.yaml"
    path.write_text(HEADER + "".join(f"key{n}: 1\n" for n in range(5000)))
    messages = sentences(load_chipspec, path)
    assert messages[-1] == f"{path}: and 4980 more errors"


# ---------------------------------------------------------------- what is no file


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_regular_file(reader: str, tmp_path: Path) -> None:
    read = READERS[reader]
    pipe, loop, broken = tmp_path / "pipe", tmp_path / "loop", tmp_path / "broken"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    broken.symlink_to(tmp_path / "nowhere")
    for path in (pipe, loop, broken, tmp_path, Path("/dev/zero"), Path("/dev/null"), tmp_path / ("x" * 300)):
        (message,) = sentences(read, path)
        assert message.startswith(str(path))


def test_extends(tmp_path: Path) -> None:
    def chip(name: str, extends: str) -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"extends: {extends}\nname: chip\nsummary: a chip for a test\n")
        return path

    chip("a", "b")
    (message,) = sentences(load_chipspec, chip("b", "a"))
    assert "extends goes in a circle" in message
    (message,) = sentences(load_chipspec, chip("self", "self"))
    assert "no such sibling, relative path or shipped chipspec" in message
    (tmp_path / "link.yaml").symlink_to(tmp_path / "one.yaml")
    (message,) = sentences(load_chipspec, chip("one", "link"))
    assert "no such sibling" in message  # the link is the file itself
    for extends in (
        "/dev/zero",
        "..",
        "../" * 3000 + "x",
        "x" * 5000,
        '"a\\0b"',
        '"\\ud800"',
        "[agad_20]",
        "1",
        "null",
    ):
        (message,) = sentences(load_chipspec, chip("odd", extends))
        assert len(message) < 1000
    (message,) = sentences(load_chipspec, chip("host", "/etc/hostname"))
    assert message.startswith("/etc/hostname")


# ---------------------------------------------------------------- traces


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"[" * 100_000, "not a JSON file"),
        (b'{"algorithm": ' + b"9" * 100_000 + b"}", "not a JSON file"),
        (b'{"algorithm": "agad", "in_size": 1e400}', "in_size = Infinity"),
        (b'{"algorithm": "agad", "in_size": NaN}', "in_size = NaN"),
        (b'{"algorithm": "\\ud800"}', "algorithm"),
        (b"\xff\xfe", "not a JSON file"),
        (b"\x1f\x8bnothing", "damaged gzip file"),
        (gzip.compress(b"0" * (300 << 20), 1), "is larger than 256 MiB when unpacked"),
        (b"", "not a JSON file"),
    ],
    ids=["deep", "digits", "infinite", "nan", "surrogate", "bytes", "torn", "bomb", "empty"],
)
def test_traces(content: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_bytes(content)
    (message,) = sentences(check_trace, path)
    assert text in message


# ---------------------------------------------------------------- anything at all

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["agad", "off", "regular", "random", "soft_bounds", "pcm", "1e9", "0x10", "agad_20", "1:30", "~"])
)
_KEYS = st.sampled_from(
    [
        "array", "rows", "cols", "algorithm", "name", "beta", "chop", "mode", "period", "probability", "device", "a",
        "w", "preset", "model", "dw_min", "controller", "lanes", "trace", "converter", "read_adc", "bits", "full_scale",
        "hidden", "frac_bits", "reference", "p_bits", "timing", "clock_ns", "task", "samples", "driver", "max_pulses",
        "array_r", "extends", "seed", "warmup", "correction", "memory_ports", "retention", "endurance", "notes",
        "kind", "summary", "max_steps", "lr", "transfer_every", "order", "momentum", "batch",
    ]
) | st.text(max_size=8)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(_KEYS, below, max_size=6), max_leaves=25
)
_fuzz = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def only_spec_errors(path: Path, overrides: tuple[str, ...] = ()) -> None:
    try:
        load_chipspec(path, overrides)
    except SpecError as error:
        assert all("\n" not in message for message in error.messages)


@_fuzz
@given(chip=st.dictionaries(_KEYS, _VALUES, max_size=8))
@example(chip={"array": {"rows": 10**400}})
@example(chip={"device": {"a": {"preset": {"x": 1}}}})
def test_any_values(chip: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    head = {"extends": "agad_20", "name": "chip", "summary": "a chip"}
    path.write_text(yaml.safe_dump({**head, **chip}, allow_unicode=True), encoding="utf-8", errors="replace")
    only_spec_errors(path)


@_fuzz
@given(text=st.text(alphabet=st.sampled_from(list("ab01:-?&*!|>{}[],'\"#%@`<=~. \n\té\0\x1b\ufeff")), max_size=60))
def test_any_text(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    only_spec_errors(path)


@_fuzz
@given(override=st.text(max_size=30) | st.builds("{}.{}={}".format, _KEYS, _KEYS, _SCALARS))
def test_any_override(override: str) -> None:
    only_spec_errors(Path("agad_tiny"), (override,))


@_fuzz
@given(
    content=st.recursive(_SCALARS, lambda b: st.lists(b) | st.dictionaries(_KEYS, b), max_leaves=15), torn=st.booleans()
)
def test_any_trace(content: object, torn: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    head = {"algorithm": "agad", "in_size": 1, "out_size": 1}
    text = json.dumps({**head, "steps": content} if torn else content)
    path.write_text(text[: len(text) // 2] if torn else text)
    sentences(check_trace, path)


def test_bombs_end_soon(tmp_path: Path) -> None:
    """In a process of its own, which can be ended where a bomb does explode."""
    path = tmp_path / "bomb.yaml"
    for content in (BOMB, KEYS_BOMB, MERGE_BOMB):
        path.write_text(content)
        command = [Path(sys.executable).with_name("crosschop"), "spec", "check", str(path), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 2
        assert TOO_MANY in json.loads(done.stdout)["files"][0]["errors"][0]
