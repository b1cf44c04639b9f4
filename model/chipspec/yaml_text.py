"""YAML of the user: no duplicate keys, plain scalars as in YAML 1.2, one sentence about what is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from crosschop.model.chipspec.keys import show
from crosschop.model.errors import InputError


class _Loader(yaml.SafeLoader):
    """SafeLoader that rejects duplicate keys and reads plain scalars as YAML 1.2 does.

    PyYAML follows YAML 1.1, where the chop mode `off` is a boolean and `1e9` is text.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and the type are PyYAML's
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":float"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

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
        raise InputError(f"{place}{line}: not a valid {what}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{place}: not a valid {what}: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise InputError(f"{place}: not a valid {what}: nested too deeply") from None


def read_yaml(path: Path, what: str) -> dict[str, Any]:
    """The mapping in one file.

    Raises:
        InputError: there is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text") from None
    data = parse_yaml(text, str(path), what)
    if data is None:
        raise InputError(f"{path}: is empty")
    if not isinstance(data, dict):
        raise InputError(f"{path}: must be a mapping of sections, got {show(data)}")
    return data
