"""Reads the comments at the ends of lines, which describe a class's fields, so that the documents say the same as the code."""

import ast
import inspect
from functools import cache
from io import StringIO
from textwrap import dedent
from tokenize import COMMENT, generate_tokens


@cache
def remarks(owner: type) -> dict[str, str]:
    """Returns the comment at the end of each field's or member's line, of this class and of those of ours it extends."""
    said: dict[str, str] = {}
    for ours in reversed([cls for cls in owner.__mro__ if cls.__module__.startswith("shared.")]):
        said |= _own(ours)
    return said


def _own(owner: type) -> dict[str, str]:
    source = dedent(inspect.getsource(owner))
    comments = {
        token.end[0]: token.string.removeprefix("# ") for token in generate_tokens(StringIO(source).readline) if token.type == COMMENT
    }
    [definition] = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101  narrowing: the source of a class is one
    return {_name(line): comments[line.end_lineno] for line in definition.body if line.end_lineno in comments and _name(line)}


def _name(statement: ast.stmt) -> str:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
    return ""
