"""What the programs in an artifact do, as their text shows: hosts they name, programs they start, variables they read.

Python is parsed, never run; of other programs only addresses are read. What a program computes at run time is not seen:
the runtime's closed network holds where this cannot.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from app.features.marketplace.inspection.archive import File
from app.features.marketplace.inspection.manifest import Manifest

PROGRAMS: Final = (".js", ".mjs", ".cjs", ".ts", ".sh", ".bash", ".ps1", ".rb", ".go", ".rs")
_ADDRESS: Final = re.compile(r"(?:https?|wss?|ftp)://(?:[^\s/@'\"<>]{0,200}@)?([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:]+\])")
_NETWORK: Final = frozenset(
    {
        "aiohttp",
        "boto3",
        "ftplib",
        "grpc",
        "http",
        "httpx",
        "imaplib",
        "paramiko",
        "poplib",
        "pycurl",
        "requests",
        "smtplib",
        "socket",
        "socketserver",
        "ssl",
        "telnetlib",
        "urllib",
        "urllib3",
        "websocket",
        "websockets",
        "xmlrpc",
        "zmq",
    }
)
_PROGRAMS: Final = frozenset(
    {
        "subprocess",
        "pexpect",
        "pty",
        "sh",
        "plumbum",
        "fabric",
    }
)
_STARTING: Final = frozenset(
    {
        "system",
        "popen",
        "fork",
        "forkpty",
        "execl",
        "execle",
        "execlp",
        "execlpe",
        "execv",
        "execve",
        "execvp",
        "execvpe",
        "spawnl",
        "spawnle",
        "spawnlp",
        "spawnlpe",
        "spawnv",
        "spawnve",
        "spawnvp",
        "spawnvpe",
        "posix_spawn",
        "posix_spawnp",
        "startfile",
        "create_subprocess_exec",
        "create_subprocess_shell",
    }
)
_HARMLESS: Final = frozenset({"http.HTTPStatus", "urllib.parse", "http.cookies"})
ANY: Final = "*"
"""A variable of the environment whose name is not written out, or all of them."""


@dataclass(slots=True, kw_only=True)
class Observed:
    """What was seen, each with the first file it was seen in."""

    hosts: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)
    network: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, dict[str, str]]:
        """Return it as JSON values; `Observed(**document)` gives it again."""
        return {name: getattr(self, name) for name in self.__slots__}

    def take(self, file: File) -> bool:
        """Look into a file; return whether it could be read, if it is a program at all."""
        if file.path.endswith((".py", ".pyw")):
            return self._python(file)
        if file.path.endswith(PROGRAMS):
            self._addresses(file.data.decode("utf-8", "replace"), file.path)
        return True

    def _python(self, file: File) -> bool:
        try:
            tree = ast.parse(file.data)
            known = {id(each) for each in (*_documentation(tree), *_named_variables(tree))}
            for node in ast.walk(tree):
                if id(node) not in known:
                    self._node(node, file.path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return True

    def _node(self, node: ast.AST, path: str) -> None:
        match node:
            case ast.Constant(value=str(text)):
                self._addresses(text, path)
            case ast.Import(names=names):
                self._imported((each.name for each in names), path)
            case ast.ImportFrom(module=str(module), names=names):
                self._imported((f"{module}.{each.name}" for each in names), path)
            case ast.Call(func=function, args=[ast.Constant(value=str(name)), *_]) if _is_import(function):
                self._imported((name,), path)
            case ast.Attribute(attr=name, value=ast.Name(id="os" | "asyncio")) if name in _STARTING:
                self.programs.setdefault(name, path)
            case _:
                self._variable(node, path)

    def _imported(self, names: Iterable[str], path: str) -> None:
        for name in names:
            top, _, rest = name.partition(".")
            if top in _PROGRAMS or (top in {"os", "asyncio"} and rest in _STARTING):
                self.programs.setdefault(name, path)
            if top in _NETWORK and not any(f"{name}.".startswith(f"{each}.") for each in _HARMLESS):
                self.network.setdefault(top, path)
            if name in {"os.environ", "os.environb", "os.getenv"}:
                self.environment.setdefault(ANY, path)

    def _addresses(self, text: str, path: str) -> None:
        for found in _ADDRESS.finditer(text):
            if host := found[1].strip(".").lower():
                self.hosts.setdefault(host, path)

    def _variable(self, node: ast.AST, path: str) -> None:
        match node:
            case ast.Subscript(value=ast.Attribute(attr="environ" | "environb"), slice=ast.Constant(value=str(name))):
                self.environment.setdefault(name, path)
            case ast.Attribute(attr="environ" | "environb"):
                self.environment.setdefault(ANY, path)
            case ast.Call(func=function, args=[first, *_]) if _reads_variable(function):
                named = isinstance(first, ast.Constant) and isinstance(first.value, str)
                self.environment.setdefault(str(first.value) if named else ANY, path)  # type: ignore[attr-defined]


def undeclared(seen: Observed, manifest: Manifest, namespaces: Iterable[str] = ()) -> list[str]:
    """Return what was seen and is not declared, as sentences. `namespaces` are hosts that are names, and not places."""
    places = {host.partition(":")[0] for host in manifest.hosts}
    variables = {*manifest.environment, *(each.name for each in manifest.secrets)}
    unknown = seen.hosts.keys() - places - set(namespaces)
    said = [f"`{path}` names the host `{host}`." for host, path in sorted(seen.hosts.items()) if host in unknown]
    if not manifest.hosts:
        said += [f"`{path}` uses the network (`{name}`), with no host." for name, path in sorted(seen.network.items())]
    if not manifest.subprocess:
        said += [f"`{path}` starts programs (`{name}`)." for name, path in sorted(seen.programs.items())]
    read = sorted((name, path) for name, path in seen.environment.items() if name not in variables)
    return said + [f"`{path}` reads `{name}` of the environment." for name, path in read]


def _documentation(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield texts that stand for themselves: documentation, and what has no effect."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _named_variables(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield each `os.environ` that is asked for one variable by a name that is written out."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Attribute() as asked, slice=ast.Constant()):
                yield asked
            case ast.Call(func=ast.Attribute(attr="get" | "pop" | "setdefault", value=ast.Attribute() as asked)):
                yield asked


def _is_import(function: Any) -> bool:
    match function:
        case ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"):
            return True
    return False


def _reads_variable(function: Any) -> bool:
    match function:
        case ast.Attribute(attr="getenv" | "getenvb", value=ast.Name(id="os")) | ast.Name(id="getenv"):
            return True
        case ast.Attribute(attr="get" | "pop" | "setdefault", value=ast.Attribute(attr="environ" | "environb")):
            return True
    return False
