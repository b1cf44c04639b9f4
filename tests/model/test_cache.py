"""Compiled code is that of the sources as they are."""

from __future__ import annotations

from pathlib import Path

from crosschop.model.cache import compiled_digest


def test_what_is_compiled_in_has_a_part_in_the_digest(tmp_path: Path) -> None:
    (tmp_path / "native").mkdir()
    loop, other = tmp_path / "native" / "loop.py", tmp_path / "other.py"
    loop.write_text("from crosschop.model.jit import compiled\n\n\n@compiled\ndef loop(): ...\n")
    other.write_text("def other(): ...\n")
    before = compiled_digest(tmp_path)
    other.write_text("def other(): return 1\n")
    assert compiled_digest(tmp_path) == before
    loop.write_text(loop.read_text() + "    return 1\n")
    after = compiled_digest(tmp_path)
    assert after != before
    loop.rename(tmp_path / "loop.py")
    assert compiled_digest(tmp_path) not in (before, after)


def test_the_native_loops_are_among_them() -> None:
    native = Path(__file__).parents[2] / "cosim" / "native"
    assert compiled_digest(native) != compiled_digest(native / "nothing")
