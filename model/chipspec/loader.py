"""Reads a chipspec: YAML, `extends`, `--set`, and one sentence for each thing that is wrong."""

from __future__ import annotations

import copy
import difflib
import functools
import importlib.resources
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crosschop.model.chipspec.derive import range_checks
from crosschop.model.chipspec.dut import with_absolute_paths
from crosschop.model.chipspec.gain import DeriveError
from crosschop.model.chipspec.keys import Place, all_paths, keys_of, locate, shortened, show
from crosschop.model.chipspec.schema import ChipSpec
from crosschop.model.chipspec.yaml_text import MOST_LEVELS, parse_yaml, read_yaml
from crosschop.model.errors import InputError
from crosschop.model.user_files import is_file

OVERRIDE_PLACE = "--set"
# Sections that may start from a preset of devices/presets.yaml.
_PRESET_SECTIONS = (("device", "a"), ("device", "w"))
# Of a preset for A: whether A is read against a reference is what array_r says.
_GRADIENT_DEVICE = ("device", "a")
_TOLD_BY_ARRAY_R = ("zero_at_symmetry_point", "sigma_zero")
# A file that is no chipspec at all would have thousands.
_MOST_SENTENCES = 20
# They describe one file, so a chip that extends another has to say its own.
_NOT_INHERITED = ("name", "summary", "notes")

KeyPath = tuple[str, ...]


class SpecError(InputError, ValueError):
    """A chipspec is wrong; `messages` holds one sentence for each error."""


def _parse(text: str, place: str) -> Any:
    """The value of a YAML text; `place` names it in the sentence about a syntax error."""
    try:
        return parse_yaml(text, place, "chipspec", line_numbers=not place.startswith(OVERRIDE_PLACE))
    except InputError as error:
        raise SpecError(*error.messages) from None


@functools.cache
def device_presets() -> dict[str, dict[str, Any]]:
    """The shipped device presets by name, each with the keys of a section `device.*`."""
    file = importlib.resources.files("crosschop.chipspecs") / "devices" / "presets.yaml"
    presets: dict[str, dict[str, Any]] = _parse(file.read_text(encoding="utf-8"), file.name)
    return presets


def _preset(name: object, place: str, path: KeyPath) -> dict[str, Any]:
    """The keys of a preset."""
    presets = device_presets()
    if not isinstance(name, str) or name not in presets:
        wrong = f"{place}: {'.'.join(path)}.preset = {show(name)}"
        raise SpecError(f"{wrong}, allowed: one of {', '.join(presets)}, or null")
    return presets[name]


@dataclass
class _Layers:
    """Values of the files and of --set laid over each other, and who gave each of them."""

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[KeyPath, str] = field(default_factory=dict)

    def lay(self, new: dict[str, Any], place: str) -> None:
        """Deep merge: a section is merged key by key, any other value (null too) replaces.

        A preset replaces the whole section; the keys beside it and the layers above are laid over it.
        """
        self.data = self._merge(self.data, new, place, ())

    def _merge(self, old: dict[str, Any], new: dict[str, Any], place: str, path: KeyPath) -> dict[str, Any]:
        merged = dict(old)
        for key, value in new.items():
            here = (*path, key)
            self.places[here] = place
            if isinstance(value, dict):
                below = old.get(key)
                below = below if isinstance(below, dict) else {}
                if here in _PRESET_SECTIONS and value.get("preset") is not None:
                    name = value["preset"]
                    keys = _preset(name, place, here)
                    if here == _GRADIENT_DEVICE:
                        keys = {key: kept for key, kept in keys.items() if key not in _TOLD_BY_ARRAY_R}
                    below = self._merge({}, keys, f"preset {name}", here)
                value = self._merge(below, value, place, here)
            merged[key] = value
        return merged


def shipped_chipspecs() -> list[Path]:
    """The chipspecs that come with the package, sorted by name."""
    folder = importlib.resources.files("crosschop.chipspecs")
    return sorted(Path(str(entry)) for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def _shipped(name: str) -> Path | None:
    return next((path for path in shipped_chipspecs() if path.stem == name), None)


def did_you_mean(word: str, choices: Sequence[str]) -> str:
    """The end of a sentence about an unknown word: the choice that is close to it, if one is."""
    close = difflib.get_close_matches(word, choices, n=1)
    return f", did you mean {close[0]}?" if close else ""


def find_chipspec(name: str | Path) -> Path:
    """The file of that path, or else the shipped chipspec of that name.

    Raises:
        SpecError: there is neither.
    """
    path = Path(name)
    if is_file(path):
        return path
    found = _shipped(str(name))
    if found:
        return found
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir fails for a name that is too long
        raise SpecError(f"{name}: is a folder, not a chipspec")
    if os.path.exists(path):  # noqa: PTH110
        raise SpecError(f"{name}: is a pipe or device, not a regular file")
    shipped = [other.stem for other in shipped_chipspecs()]
    hint = did_you_mean(path.stem, shipped) or f"; shipped chipspecs: {', '.join(shipped)}"
    raise SpecError(f"{name}: no such file or shipped chipspec{hint}")


def _find_parent(extends: object, child: Path) -> Path:
    """The file that `extends` names: a sibling, a path relative to the child, or a shipped chipspec."""
    if not isinstance(extends, str) or not extends:
        raise SpecError(f"{child}: extends = {show(extends)}, allowed: the name or relative path of a chipspec")
    for candidate in (child.parent / f"{extends}.yaml", child.parent / extends):
        # Skipping the file itself lets my/agad_20.yaml extend the shipped agad_20.
        if is_file(candidate) and not candidate.samefile(child):
            return candidate
    found = _shipped(extends)
    if found:
        return found
    known = [path.stem for path in shipped_chipspecs()] + [
        path.stem for path in child.parent.glob("*.yaml") if path.stem != child.stem
    ]
    raise SpecError(
        f"{child}: extends = {show(extends)}, no such sibling, relative path or shipped chipspec"
        + did_you_mean(extends, known)
    )


@functools.lru_cache(maxsize=64)
def _read_version(path: Path, version: tuple[object, ...]) -> dict[str, Any]:
    return read_yaml(path, "chipspec")


def _version(path: Path) -> tuple[object, ...]:
    """Tells a file from what it was before."""
    try:
        about = path.stat()
    except OSError:
        return ()
    return (path.resolve(), about.st_mtime_ns, about.st_size)


def _read(path: Path) -> dict[str, Any]:
    """The mapping in one file; of many chips over the same one it is parsed once."""
    try:
        return copy.deepcopy(_read_version(path, _version(path)))
    except InputError as error:
        raise SpecError(*error.messages) from None


def _read_chain(path: Path) -> _Layers:
    """A file laid over those that it extends."""
    chain: list[tuple[Path, dict[str, Any]]] = []
    while True:
        if any(path.samefile(seen) for seen, _ in chain):
            names = " -> ".join(str(seen) for seen in (*(seen for seen, _ in chain), path))
            raise SpecError(f"{chain[0][0]}: extends goes in a circle: {names}")
        data = _read(path)
        chain.append((path, data))
        if "extends" not in data:
            break
        path = _find_parent(data.pop("extends"), path)
    layers = _Layers()
    for number, (source, data) in reversed(list(enumerate(chain))):
        if number > 0:
            data = {key: value for key, value in data.items() if key not in _NOT_INHERITED}
        layers.lay(with_absolute_paths(data, source.parent), str(source))
    return layers


def _lay_overrides(layers: _Layers, overrides: Sequence[str]) -> list[str]:
    """Applies `KEY.PATH=VALUE` texts; returns the sentences about malformed ones."""
    problems: list[str] = []
    # A preset replaces a whole section, so it comes before the keys that are set in it.
    for override in sorted(overrides, key=lambda text: not text.partition("=")[0].strip().endswith(".preset")):
        path, equals, text = override.partition("=")
        names = path.strip().split(".")
        if not equals or not all(names):
            problems.append(f"{OVERRIDE_PLACE}: {show(override)} is not KEY=VALUE, for example algorithm.beta=0.5")
            continue
        if len(names) > MOST_LEVELS:
            problems.append(f"{OVERRIDE_PLACE}: {show(override)} is nested deeper than {MOST_LEVELS} levels")
            continue
        try:
            value = _parse(text, f"{OVERRIDE_PLACE} {shortened(override)}")
        except SpecError as error:
            problems += error.messages
            continue
        for name in reversed(names):
            value = {name: value}
        layers.lay(with_absolute_paths(value, Path()), OVERRIDE_PLACE)
    return problems


@functools.cache
def _leaves() -> dict[str, list[str]]:
    """The key paths by their last key."""
    leaves: dict[str, list[str]] = {}
    for path in all_paths():
        leaves.setdefault(path[-1], []).append(".".join(path))
    return leaves


def _unknown_key(place: Place) -> str:
    """The sentence's end for a key that is not in the schema: misspelt, in the wrong section, or made up."""
    *parents, name = place.path
    variants = place.holder.sections if place.holder else {}
    if any(name in keys_of(variant) for variant in variants.values()):
        chosen = next(word for word, variant in variants.items() if variant is place.section)
        assert place.holder is not None
        return f"{'.'.join(place.path)} does not go with {place.holder.selector} {chosen}; null removes it"
    siblings = list(keys_of(place.section)) if place.section else []
    leaves = _leaves()
    dotted = ".".join(place.path)
    candidates = (
        [path for path in leaves.get(name, []) if path != dotted],
        [".".join((*parents, close)) for close in difflib.get_close_matches(name, siblings, n=1)],
        [full for close in difflib.get_close_matches(name, leaves, n=1) for full in leaves[close] if full != dotted],
    )
    hint = next((f"did you mean {' or '.join(found)}?" for found in candidates if 1 <= len(found) <= 3), "")
    return f"unknown key {dotted}, {hint or 'allowed: ' + ', '.join(siblings)}"


def _sentence(error: Any, file: str, places: dict[KeyPath, str]) -> str:
    """One pydantic error as a sentence: place, key path, value, what is allowed."""
    place = locate([str(name) for name in error["loc"]])
    path, kind = place.path, error["type"]
    if kind in ("union_tag_invalid", "union_tag_not_found") and place.key:
        # The key that selects among several sections is missing or wrong.
        selector = place.key.selector
        path, allowed = (*path, selector), "one of " + ", ".join(place.key.sections)
        if kind == "union_tag_not_found":
            return f"{file}: missing key {'.'.join(path)}, allowed: {allowed}"
        wrong = error["input"][selector]
        return f"{places.get(path, file)}: {'.'.join(path)} = {show(wrong)}, allowed: {allowed}"
    dotted = ".".join(path)
    if kind == "missing":
        return f"{file}: missing key {dotted}" + (f", allowed: {place.key.allowed}" if place.key else "")
    where = places.get(path, file)
    if kind == "extra_forbidden":
        return f"{where}: {_unknown_key(place)}"
    if kind == "value_error":  # a rule between several keys: no single place, the message names keys and values
        return f"{file}: {dotted}: {error['ctx']['error']}" if path else f"{file}: {error['ctx']['error']}"
    allowed = place.key.allowed if place.key else error["msg"]
    return f"{where}: {dotted} = {show(error['input'])}, allowed: {allowed}"


def load_chipspec(path: str | Path, overrides: Sequence[str] = (), derived: bool = True) -> ChipSpec:
    """Reads and checks a chipspec: a file, or the name of a shipped one.

    Args:
        path: the file; a bare name such as `agad_20` means the shipped chipspec when no such file exists.
        overrides: `KEY.PATH=VALUE` texts laid over the file, the value in YAML.
        derived: whether what derives from the keys is checked too; False for a chip that is still in the making.

    Raises:
        SpecError: one sentence for each error.
    """
    file = find_chipspec(path)
    layers = _read_chain(file)
    problems = _lay_overrides(layers, overrides)
    try:
        spec = ChipSpec.model_validate(layers.data)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
        problems += [_sentence(item, str(file), layers.places) for item in wrong[:_MOST_SENTENCES]]
        if len(wrong) > _MOST_SENTENCES:
            problems.append(f"{file}: and {len(wrong) - _MOST_SENTENCES} more errors")
        raise SpecError(*problems) from None
    for check in range_checks(spec) if derived else ():
        try:
            check(spec)
        except DeriveError as error:
            problems.append(f"{file}: {error}")
    if problems:
        raise SpecError(*problems)
    return spec
