"""Everything that can be run on this project, by name: `nox -l` lists it, `nox -s NAME` runs it.

Each session makes its own virtual environment once and keeps it.  `nox --no-venv`, as `.ci/run` calls it, runs a
session in the environment that is there, and adds to it what the session lacks.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
SOURCES = ["trio_rdp", "tests", "examples", "noxfile.py"]
SHARED = os.environ.get("TRIO_RDP_SHARED") or str(ROOT.parent / "shared")

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests", "lint", "types", "docs"]


def install(session: nox.Session, *wanted: str, env: dict[str, str] | None = None) -> None:
    """Install into the session's own environment, or into the one that nox was told to use as it is."""
    if session.virtualenv.is_sandboxed:
        session.install(*wanted, env=env)
    else:
        session.run("python", "-m", "pip", "install", "--quiet", *wanted, env=env, external=True)


def install_project(session: nox.Session, *groups: str, env: dict[str, str] | None = None) -> None:
    """Install the project, editable, with its tests' needs and the dependency groups named."""
    own = ["-e", ".[test]"] if session.virtualenv.is_sandboxed else []
    wanted = own + list(nox.project.dependency_groups(PYPROJECT, *groups))
    if wanted:
        install(session, *wanted, env=env)


def pytest(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    session.run("python", "-m", "pytest", *arguments, *session.posargs, env=env)


def copy_of_project(session: nox.Session) -> Path:
    """Copy what git knows, and what it might come to know, so that another build leaves the work tree's alone."""
    listed = session.run("git", "ls-files", "-co", "--exclude-standard", "-z", external=True, silent=True, log=False)
    target = Path(session.create_tmp()) / "project"
    shutil.rmtree(target, ignore_errors=True)
    for name in str(listed).split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def tests_of_another_build(session: nox.Session, variable: str) -> None:
    """Run the tests over a build of its own, made and used with an environment variable set to 1."""
    folder = copy_of_project(session)
    session.chdir(folder)
    install(session, "-e", ".[test]", env={variable: "1"})
    required = {} if variable != "TRIO_RDP_PURE" else {"TRIO_RDP_REQUIRE_KERNELS": "0"}
    pytest(session, env={variable: "1", "TRIO_RDP_SHARED": SHARED, **required})


@nox.session
def tests(session: nox.Session) -> None:
    """The unit tests; real peers and fuzzing are apart."""
    install_project(session)
    pytest(session)


@nox.session
def tests_pure(session: nox.Session) -> None:
    """The unit tests over the plain twins: no kernel is compiled."""
    tests_of_another_build(session, "TRIO_RDP_PURE")


@nox.session
def tests_checked(session: nox.Session) -> None:
    """The unit tests over kernels that check every index."""
    tests_of_another_build(session, "TRIO_RDP_CHECKED")


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: the rules, then the format."""
    install(session, *nox.project.dependency_groups(PYPROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict, over everything; pyright over how complete the public types are."""
    install_project(session, "types")
    session.run("python", "-m", "mypy", *SOURCES)
    # benchmarks/codecs.py has the name of a module of the standard library, and mypy would take it for that.
    scripts = Path(session.create_tmp()).resolve() / "benchmarks"
    shutil.rmtree(scripts, ignore_errors=True)
    shutil.copytree(ROOT / "benchmarks", scripts, ignore=shutil.ignore_patterns("codecs.py", "__pycache__"))
    session.run("python", "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(scripts))
    # An editable install is an import hook, which pyright does not run: it is told where the package is.
    verify = ["pyright", "--verifytypes", "trio_rdp", "--ignoreexternal"]
    session.run(*verify, env={"PYTHONPATH": str(ROOT)})


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, into docs/_build/html; warnings are errors."""
    install_project(session, "docs", env={"TRIO_RDP_PURE": "1"})  # its kernels need not be compiled for that
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-E", "-b", "html", "docs", "docs/_build/html")


@nox.session
def interop(session: nox.Session) -> None:
    """Real peers on loopback: the pairwise choice that continuous integration runs."""
    install_project(session)
    pytest(session, "-m", "interop", "tests/interop")


@nox.session
def interop_full(session: nox.Session) -> None:
    """Real peers on loopback: every combination."""
    install_project(session)
    pytest(session, "-m", "interop or interop_full", "tests/interop", env={"TRIO_RDP_REQUIRE_PEERS": "1"})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Look for bytes that do harm: two minutes for each target, on kernels that check every index, then under ASan.

    TRIO_RDP_FUZZ_SECONDS=60 takes a minute for all of them together, on the build that is there.
    """
    if os.environ.get("TRIO_RDP_FUZZ_SECONDS"):
        install_project(session)
        pytest(session, "-m", "fuzz", "tests/fuzz")
        return
    folder = copy_of_project(session)
    session.chdir(folder)
    install(session, "-e", ".[test]", env={"TRIO_RDP_CHECKED": "1"})
    each = {"TRIO_RDP_FUZZ_EACH": "120", "TRIO_RDP_SHARED": SHARED}
    pytest(session, "-m", "fuzz", "tests/fuzz", env=each)
    install(session, "-e", ".[test]", env={"TRIO_RDP_CHECKED": "address"})
    library = session.run("cc", "-print-file-name=libasan.so", external=True, silent=True, log=False)
    asan = {"LD_PRELOAD": str(library).strip(), "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    pytest(session, "-m", "fuzz", "tests/fuzz/test_codecs.py", env={**each, **asan})


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark, quickly; `nox -s bench -- --json DIR` keeps the figures."""
    install_project(session)
    keep = Path(session.posargs[1]) if session.posargs[:1] == ["--json"] else None
    no_benchmarks = {ROOT / "benchmarks" / name for name in ("report.py", "speed_page.py")}
    for script in sorted(set((ROOT / "benchmarks").glob("[!_]*.py")) - no_benchmarks):
        figures = ["--json", str(keep / f"{script.stem}.json")] if keep else []
        session.run("python", str(script), "--quick", *figures)


@nox.session
def demo(session: nox.Session) -> None:
    """The demo: a server and its clients in one process."""
    install_project(session)
    session.run("trio-rdp", "demo", *session.posargs)


@nox.session
def wheels(session: nox.Session) -> None:
    """The source distribution and this machine's wheel, into dist/, checked and tried in an empty environment."""
    install(session, *nox.project.dependency_groups(PYPROJECT, "wheels"))
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    # In a copy, as another session may be installing the work tree meanwhile.
    session.run("python", "-m", "build", "--outdir", "dist", str(copy_of_project(session)))
    built = sorted(str(path) for path in (ROOT / "dist").iterdir())
    session.run("python", "-m", "twine", "check", "--strict", *built)
    trial = Path(session.create_tmp()).resolve() / "trial"
    session.run("python", "-m", "venv", "--clear", str(trial))
    wheel = next(path for path in built if path.endswith(".whl"))
    session.run(str(trial / "bin" / "pip"), "install", "--quiet", f"{wheel}[cli]", external=True)
    session.chdir(trial)
    session.run(str(trial / "bin" / "trio-rdp"), "--version", external=True)
