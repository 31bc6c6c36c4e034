"""Writes the reference's pages: one for each module at the root of the package, and one for each folder.

A page a module was three hundred of them, and a theme that shows the tree of all pages on each took minutes for that.
A name is described once, where it is defined, and whatever else exports it links there: names described twice are
warnings, and links to them have two places to go.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["linked", "write"]

# Twins of the faces in codecs/ for the machine, and programs: neither is called by anybody.
_LEFT_OUT = {"trio_rdp.codecs.compiled", "trio_rdp.codecs.plain", "trio_rdp.apps"}


@dataclass
class _Module:
    """What a source file says of itself; it is not imported for that."""

    name: str
    is_folder: bool
    exported: list[str] = field(default_factory=list)
    imported: dict[str, str] = field(default_factory=dict)  # a name, and the module that it is from
    summaries: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, path: Path) -> _Module:
        module = cls(name, path.name == "__init__.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.ImportFrom(module=str(origin), names=names, level=0):
                    module.imported |= {alias.asname or alias.name: origin for alias in names}
                case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                    module.exported = list(ast.literal_eval(value))
                case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                    paragraph = (ast.get_docstring(node) or "").partition("\n\n")[0]
                    module.summaries[node.name] = " ".join(paragraph.split()).partition(".  ")[0].rstrip(".")
        return module


def write(package: Path, target: Path) -> None:
    """Write the pages of `package` into `target`, and remove those of modules that are gone."""
    modules = dict(_modules(package))
    pages = {name: _page(module, modules) for name, module in modules.items() if _has_page(module)}
    target.mkdir(exist_ok=True)
    for old in target.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        path = target / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # Sphinx reads again what was touched
            path.write_text(text, encoding="utf-8")


def linked(text: str) -> str:
    """Let the plural of a `Name` be a link and an s."""
    return re.sub(r"(`[^`\n]+`)(?=\w)", r"\1\\ ", text)


def _modules(package: Path) -> Iterator[tuple[str, _Module]]:
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        left_out = any(f"{name}.".startswith(f"{folder}.") for folder in _LEFT_OUT)
        if not left_out and not name.rpartition(".")[2].startswith("_"):
            yield name, _Module.read(name, path)


def _has_page(module: _Module) -> bool:
    return module.is_folder or module.name.count(".") == 1


def _page(module: _Module, modules: dict[str, _Module]) -> str:
    inside = [other for other in modules.values() if other.name.rpartition(".")[0] == module.name]
    lines = _section(module, modules, "=")
    if pages := [other for other in inside if _has_page(other)]:
        lines += [".. toctree::", "   :maxdepth: 1", "", *(f"   {other.name}" for other in pages), ""]
    for other in inside:
        if not _has_page(other):
            lines += _section(other, modules, "-")
    return "\n".join(lines)


def _section(module: _Module, modules: dict[str, _Module], underline: str) -> list[str]:
    origins = {name: _origin(module, name, modules) for name in module.exported}
    elsewhere = {name: origin for name, origin in origins.items() if origin is not module}
    lines = [module.name, underline * len(module.name), "", f".. automodule:: {module.name}", "   :members:"]
    if elsewhere:
        lines.append(f"   :exclude-members: {', '.join(elsewhere)}")
    lines.append("")
    for name, origin in elsewhere.items():
        summary = origin.summaries.get(name)
        lines.append(f"- :py:obj:`{name} <{origin.name}.{name}>`" + (f": {linked(summary)}" if summary else ""))
    return [*lines, ""]


def _origin(module: _Module, name: str, modules: dict[str, _Module]) -> _Module:
    """Return the module that defines a name, or the last one on the way there that exports it."""
    while (further := modules.get(module.imported.get(name, ""))) is not None and name in further.exported:
        module = further
    return module
