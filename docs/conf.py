"""How Sphinx builds this documentation; `nox -s docs` runs it, and warnings are errors."""

from __future__ import annotations

import ast
import builtins
import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "reference"))

import pages
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

project = "trio_rdp"
author = "the trio_rdp authors"
copyright = "2026, the trio_rdp authors"
version = release = importlib.metadata.version("trio-rdp")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "trio_rdp"

# The pages are made from the docstrings; what a module's `__all__` does not name is not there.
pages.write(Path(__file__).parents[1] / "trio_rdp", Path(__file__).parent / "reference" / "modules")
autodoc_default_options = {"undoc-members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True
default_role = "py:obj"  # `Name` in a docstring is a link where there is such a name

# Modules have a `Quality` each; an annotation that Python cannot evaluate does not say in full which it means.
suppress_warnings = ["ref.python"]


def unlink_foreign_types(_app: Sphinx, doctree: nodes.document) -> None:
    """Leave types of others in annotations without a link, as there is none.

    For each of ten thousand, Sphinx would look through all names for one that ends like it, and find fields that happen
    to be named `type`.
    """
    for node in list(doctree.findall(addnodes.pending_xref)):
        if "refspecific" in node:  # only annotations have it
            name = node["reftarget"]
            if hasattr(builtins, name) or ("." in name and not name.startswith("trio_rdp.")):
                node.replace_self(nodes.Text(node.children[-1].astext()))


def show_examples(_app: Sphinx, _what: str, _name: str, _of: object, _options: object, lines: list[str]) -> None:
    """Show the paragraphs of a docstring that are Python, and those that are indented, as they are written."""
    shown: list[str] = []
    is_within = False
    for paragraph in "\n".join(lines).split("\n\n"):
        was_within, is_within = is_within, paragraph.startswith(" ") or is_python(paragraph)
        if not is_within:
            shown += pages.linked(paragraph).split("\n")
        else:
            shown += [] if was_within else ["::", ""]
            shown += [f"    {line}" for line in paragraph.split("\n")]
        shown.append("")
    lines[:] = shown


def is_python(paragraph: str) -> bool:
    try:
        found = ast.walk(ast.parse(paragraph))
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Call | ast.AsyncFor) for node in found)  # a word alone is Python, too


def keep_fields_out_of_contents(_app: Sphinx, _domain: str, kind: str, content: addnodes.desc_content) -> None:
    """List classes, methods and functions beside a page: the fields are in the classes' signatures already.

    Sphinx copies the contents of every page into the navigation of every page, which took half of the time.
    """
    if kind == "attribute":
        for signature in content.parent.findall(addnodes.desc_signature):
            signature["_toc_name"] = ""


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", show_examples)
    app.connect("doctree-read", unlink_foreign_types)
    app.connect("object-description-transform", keep_fields_out_of_contents)
