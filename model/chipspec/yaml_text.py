"""YAML of the user: bounded, no duplicate keys, plain scalars as in YAML 1.2, one sentence about what is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from crosschop.model.chipspec.keys import show
from crosschop.model.errors import InputError
from crosschop.model.user_files import MIB, read_user_text

# Far beyond any file that describes something. Values count as often as they stand in the result, behind an alias too.
MOST_BYTES = MIB // 2
MOST_VALUES = 20_000
MOST_LEVELS = 50


class _Loader(yaml.SafeLoader):
    """SafeLoader that rejects duplicate keys and bombs, and reads plain scalars as YAML 1.2 does.

    PyYAML follows YAML 1.1, where the chop mode `off` is a boolean, `1e9` is text and `2024-11-28` a date.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and the type are PyYAML's
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":float", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._levels = 0
        self._nodes = 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """A node, as long as the levels above it and the values in it are not too many."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self._levels += 1
        self._nodes += 1
        if self._levels > MOST_LEVELS:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MOST_LEVELS} levels", problem_mark=mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._levels -= 1
        size = 1
        if isinstance(node, yaml.CollectionNode) and node not in self._sizes:
            # A node that contains itself has no size yet where it does; constructing it is an error of its own.
            below = [part for entry in node.value for part in (entry if isinstance(entry, tuple) else (entry,))]
            size = self._sizes[node] = 1 + sum(self._sizes.get(part, 1) for part in below)
        if max(size, self._nodes) > MOST_VALUES:
            raise yaml.MarkedYAMLError(problem=f"more than {MOST_VALUES:,} values", problem_mark=mark)
        return node

    def construct_yaml_map(self, node: yaml.MappingNode) -> dict[Any, Any]:  # type: ignore[override]
        """A mapping with distinct text keys."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem=f"the key {show(key)} is not text", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"duplicate key {key}", problem_mark=key_node.start_mark)
            seen.add(key)
        return self.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_yaml_map)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^(?:[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"),
    list("-+0123456789."),
)
# What has no place in a file of ours: an explicit tag for one of these is as unknown as any other.
for _tag in ("binary", "omap", "pairs", "set", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_undefined)  # type: ignore[type-var]


def parse_yaml(text: str, place: str, what: str, line_numbers: bool = True) -> Any:
    """The value of a YAML text.

    Args:
        text: the YAML.
        place: names it in the sentence about a syntax error.
        what: what it should have been, as `chipspec`.
        line_numbers: whether the sentence tells the line.

    Raises:
        InputError: it is not valid.
    """
    try:
        loader = _Loader(text)
        loader.deep_construct = True  # a node that contains itself is then an error, not an endless value
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark and line_numbers else ""
        problem = error.problem or error.context or "malformed"
        if problem.startswith("but "):
            problem = f"{error.context}, {problem}"
        raise InputError(f"{place}{line}: not a valid {what}: {problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"{place}: not a valid {what}: {first}") from None
    except (AttributeError, LookupError):  # PyYAML's own, as of `!!bool x` or `!!int ""`
        raise InputError(f"{place}: not a valid {what}: a value does not go with its tag") from None


def read_yaml(path: Path, what: str) -> dict[str, Any]:
    """The mapping in one file.

    Raises:
        InputError: there is none.
    """
    data = parse_yaml(read_user_text(path, MOST_BYTES), str(path), what)
    if data is None:
        raise InputError(f"{path}: is empty")
    if not isinstance(data, dict):
        raise InputError(f"{path}: must be a mapping of sections, got {show(data)}")
    return data
