"""A region can be drawn alone: it calls no macro, and reads no name, that its page makes outside of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import nodes

from services.console.frame.drawing import CONSOLE, environment

PAGES = sorted(path.relative_to(CONSOLE / "pages").as_posix() for path in (CONSOLE / "pages").glob("*/page.html"))


def made_outside(node: nodes.Node) -> Iterator[str]:
    """Yields the macros, the names that are set, and the imports outside of all regions."""
    for each in node.iter_child_nodes():
        if isinstance(each, nodes.Block) and each.name.startswith("region_"):
            continue
        match each:
            case nodes.Macro(name=name):
                yield name
            case nodes.Assign(target=nodes.Name(name=name)):
                yield name
            case nodes.FromImport():
                yield from (name if isinstance(name, str) else name[1] for name in each.names)
        yield from made_outside(each)


def borrowed(source: str) -> set[tuple[str, str]]:
    """Returns the regions that cannot be drawn alone, each with the name that it lacks."""
    template = environment.parse(source)
    outside = set(made_outside(template))
    regions = [block for block in template.find_all(nodes.Block) if block.name.startswith("region_")]
    return {
        (region.name, name.name)
        for region in regions
        for name in region.find_all(nodes.Name)
        if name.ctx == "load" and name.name in outside - set(made_inside(region))
    }


def made_inside(region: nodes.Block) -> Iterator[str]:
    yield from (each.name for each in region.find_all(nodes.Macro))
    yield from (each.name for each in region.find_all(nodes.Name) if each.ctx == "store")


@pytest.mark.parametrize("page", PAGES)
def test_no_region_needs_what_its_page_makes_outside_of_it(page: str) -> None:
    assert borrowed(Path(CONSOLE / "pages" / page).read_text()) == set()


@pytest.mark.parametrize(
    "outside",
    ["{% macro of(x) %}{{ x }}{% endmacro %}", "{% set of = 1 %}", '{% from "health/act_form.html" import act_form as of with context %}'],
)
def test_what_a_region_borrows_is_found(outside: str) -> None:
    inside = "{% block region_a scoped %}{{ of }}{% endblock %}"
    assert borrowed(f"{{% block main %}}{outside}{inside}{{% endblock %}}") == {("region_a", "of")}
    assert borrowed(f"{{% block main %}}{inside.replace('{{ of }}', outside + '{{ of }}')}{{% endblock %}}") == set()
