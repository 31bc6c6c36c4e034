"""How Sphinx builds this documentation; `nox -s docs` runs it, and warnings are errors."""

from __future__ import annotations

import importlib.metadata

project = "trio_rdp"
author = "the trio_rdp authors"
copyright = "2026, the trio_rdp authors"
version = release = importlib.metadata.version("trio-rdp")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.apidoc"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "trio_rdp"

# One page a module, made from the docstrings; what a module's `__all__` does not name is not there.
apidoc_modules = [
    {
        "path": "../trio_rdp",
        "destination": "reference/modules",
        "separate_modules": True,
        # A channel that is a package shows all of its messages on its own page.
        "exclude_patterns": ["../trio_rdp/channels/*/[!_]*.py"],
        "module_first": True,
        "max_depth": 2,
        "automodule_options": {"members", "undoc-members", "show-inheritance"},
    }
]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True
default_role = "py:obj"  # `Name` in a docstring is a link where there is such a name

# A field named `type` or `width` is in many classes, and an annotation that says `type` means none of them.
suppress_warnings = ["ref.python"]
