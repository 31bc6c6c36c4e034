"""The Python of README.md and docs/, as tests see it: each fenced block, and what the comment before it says it is.

A block that stands behind `<!-- run: KIND -->` is run.  KIND is one of `KINDS`; blocks without one are only compiled.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import trio

import trio_rdp

__all__ = ["KINDS", "ROOT", "Block", "blocks", "documents"]

ROOT = Path(__file__).resolve().parents[2]

KINDS = {
    "client": "a program that connects to a server",
    "server": "a program that clients connect to",
    "session": "statements within a client's session, which is called `session`",
    "handler": "a function for `serve`, the last one of the block",
    "script": "statements that need no session",
    "test": "a test, the last function of the block",
}

_FENCE = re.compile(r"(?:^<!-- run: (?P<kind>[a-z]+) -->\n+)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block: where it stands, its kind, and its text."""

    document: str
    line: int
    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    def replace(self, changes: dict[str, str]) -> Block:
        """Put the test's own addresses and passwords in place of the document's."""
        code = self.code
        for old, new in changes.items():
            code = code.replace(old, new)
        return Block(self.document, self.line, self.kind, code)

    def compile(self, tree: ast.Module | None = None) -> CodeType:
        """Compile the block; `await` may stand anywhere."""
        parsed = ast.parse(self.code, str(self)) if tree is None else tree
        ast.increment_lineno(parsed, self.line)
        code: CodeType = compile(parsed, str(self), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        return code

    def main(self) -> Callable[[], Awaitable[object]]:
        """Run a program up to its last line, `trio.run(...)`, and give what that line would run."""
        tree = ast.parse(self.code)
        last = tree.body.pop()
        assert isinstance(last, ast.Expr), f"{self} does not end with trio.run"
        call = last.value
        assert isinstance(call, ast.Call), f"{self} does not end with trio.run"
        assert ast.unparse(call.func) == "trio.run", f"{self} does not end with trio.run"
        names: dict[str, Any] = {"__name__": "a_program_of_the_documents"}
        exec(self.compile(tree), names)
        function, *arguments = (eval(ast.unparse(argument), names) for argument in call.args)
        return lambda: function(*arguments)

    def function(self) -> Callable[..., Awaitable[object]]:
        """Give the last function that the block defines."""
        names = self.names()
        exec(self.compile(), names)
        name = [node.name for node in ast.parse(self.code).body if isinstance(node, ast.AsyncFunctionDef)][-1]
        found: Callable[..., Awaitable[object]] = names[name]
        return found

    async def run(self, session: trio_rdp.Session) -> None:
        """Run statements within a session."""
        running = eval(self.compile(), self.names() | {"session": session})
        if running is not None:  # something in it is awaited
            await running

    def names(self) -> dict[str, Any]:
        """What fragments may use without importing it: `trio`, `trio_rdp` and the everyday names."""
        everyday = {name: getattr(trio_rdp, name) for name in trio_rdp.__all__}
        return {"trio": trio, "trio_rdp": trio_rdp} | everyday


def documents() -> list[Path]:
    """README.md and what is in docs/."""
    docs = ROOT / "docs"
    return [ROOT / "README.md", *sorted(docs.glob("*.md")), *sorted((docs / "channels").glob("*.md"))]


def blocks(*kinds: str) -> list[Block]:
    """The blocks of all documents that are of these kinds; all there are, without one."""
    found: list[Block] = []
    for path in documents():
        text = path.read_text("utf-8")
        for match in _FENCE.finditer(text):
            line = text.count("\n", 0, match.start("code"))
            found.append(Block(str(path.relative_to(ROOT)), line, match["kind"] or "", match["code"]))
    return [block for block in found if not kinds or block.kind in kinds]
