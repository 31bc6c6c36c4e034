"""The tree's promises: imports point down, folders are pure, nothing goes round in circles, modules stay small."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "trio_rdp"

# Bottom to top; "." is the package's root, which speaks Trio as "faces" does.
ORDER = ["wire", "codecs", "pdu", "graphics", "security", "channels", "protocol", "faces", ".", "apps"]
PURE = ORDER[: ORDER.index("faces")]
BANNED_IN_PURE = {
    "anyio",
    "asyncio",
    "random",
    "select",
    "selectors",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "trio",
}
THIRD_PARTIES = {  # which pure folders may import them
    "numpy": {"codecs", "graphics"},
    "cryptography": {"security"},
    "spnego": {"security"},
}
LONGEST_MODULE = 600

MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = sorted([*MODULES, *PACKAGE.rglob("*.pyx"), *PACKAGE.rglob("*.pxd")])
CODE = [path for path in MODULES if path.name not in ("__init__.py", "__main__.py")]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def layer(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    if first == "__main__.py":
        return "apps"  # it only starts the command
    return "." if first.endswith((".py", ".pyx")) else first


@functools.cache
def module_file(name: str) -> Path | None:
    """The file of a dotted name, when it is a module of ours."""
    base = ROOT.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path in MODULES), None)


@functools.cache
def imports(path: Path) -> dict[str, bool]:
    """The dotted names that a module imports; true where importing the module itself runs the import."""
    found: dict[str, bool] = {}

    def visit(node: ast.AST, runs: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                base = path.relative_to(ROOT).parts[: -child.level] if child.level else ()
                names = [".".join([*base, *filter(None, [child.module]), alias.name]) for alias in child.names]
            else:
                body = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
                visit(child, runs and not body and not typing_only)
                continue
            for name in names:
                found[name] = found.get(name, False) or runs

    visit(ast.parse(path.read_text()), True)
    return found


def our_imports(path: Path, *, at_import: bool = False) -> set[Path]:
    """The modules of ours that a module imports: at all, or when it is itself imported."""
    found = set()
    for name, runs in imports(path).items():
        if name.split(".")[0] == "trio_rdp" and (runs or not at_import):
            target = module_file(name) or module_file(name.rpartition(".")[0])
            if target is not None and target != path:
                found.add(target)
    return found


def test_every_folder_has_its_place() -> None:
    folders = {path.parent.relative_to(PACKAGE).parts[0] for path in MODULES if path.parent != PACKAGE}
    assert folders <= set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_imports_point_down(path: Path) -> None:
    allowed = set(ORDER[: ORDER.index(layer(path)) + 1])
    if layer(path) == "channels":
        allowed.remove("security")
    upwards = {shown(target) for target in our_imports(path) if layer(target) not in allowed}
    assert not upwards, f"{shown(path)} may import from {sorted(allowed)} only"


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) in PURE], ids=shown)
def test_folders_are_pure(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & BANNED_IN_PURE
    assert not {name for name, folders in THIRD_PARTIES.items() if name in roots and layer(path) not in folders}


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) in PURE], ids=shown)
def test_numpy_is_imported_at_first_use(path: Path) -> None:
    """It costs 50 ms and 16 MiB, which a program that decodes no picture need not pay."""
    assert not {name for name, runs in imports(path).items() if runs and name.split(".")[0] == "numpy"}


def test_imports_do_not_go_round_in_circles() -> None:
    """Not even inside a folder; imports inside functions count too, for they only hide a circle."""
    finished: set[Path] = set()

    def walk(path: Path, trail: list[Path]) -> None:
        assert path not in trail, " -> ".join(shown(step) for step in [*trail[trail.index(path) :], path])
        if path not in finished:
            for target in sorted(our_imports(path)):
                walk(target, [*trail, path])
            finished.add(path)

    for path in MODULES:
        walk(path, [])


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("path", CODE, ids=shown)
def test_every_module_has_its_test_file(path: Path) -> None:
    parent = path.relative_to(PACKAGE).parent
    assert (ROOT / "tests" / parent / f"test_{path.stem.lstrip('_')}.py").exists()


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) != "apps"], ids=shown)
def test_the_library_does_not_print(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_every_module_says_what_it_holds(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "no docstring"
    if path in CODE:
        assert "annotations" in {
            alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
