"""The app reaches files through `tintype.paths` alone, whose only error is a sentence.

A stat that fails, a name too long, a disk that is full: what Python raises for these has ended the
app more than once. Text is compared here, not types, so a name that is I/O elsewhere counts too.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import tintype_tui

ROOT = Path(tintype_tui.__file__).parent
MODULES = {"tempfile", "shutil", "glob"}
METHODS = {
    *("exists", "is_file", "is_dir", "is_symlink", "stat", "lstat", "samefile", "iterdir", "rglob"),
    *("read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "rmdir", "unlink", "touch"),
    *("chmod", "expanduser", "absolute", "resolve", "cwd", "home", "symlink_to", "hardlink_to"),
}
OS = {
    *(
        "open",
        "fdopen",
        "stat",
        "fstat",
        "lstat",
        "listdir",
        "scandir",
        "walk",
        "mkdir",
        "makedirs",
    ),
    *("remove", "unlink", "rename", "replace", "rmdir", "access", "truncate", "ftruncate", "chmod"),
    *("fchmod", "link", "symlink", "readlink", "utime", "path", "getcwd"),
}
EXCEPT = {
    ("terminal", ""): "the terminal is a device, not a file, and is read without blocking",
    ("commands/show.py", "shutil"): "asks how large the terminal is",
    ("__main__.py", "os.open"): "hands a closed standard output to /dev/null",
}


def violations(source: str, name: str) -> Iterator[str]:
    """Where a source reaches for files: `name:line: what`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [str(getattr(node, "module", "")), *(alias.name for alias in node.names)]
            yield from (f"{name}:{node.lineno}: {found}" for found in named if found in MODULES)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "open":
            yield f"{name}:{node.lineno}: open"
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if (owner == "os" and node.attr in OS) or (owner != "paths" and node.attr in METHODS):
                yield f"{name}:{node.lineno}: {owner if owner == 'os' else ''}.{node.attr}"


def test_the_app_reaches_files_through_one_seam() -> None:
    found = [
        violation
        for path in sorted(ROOT.rglob("*.py"))
        if ((name := path.relative_to(ROOT)).parts[0], "") not in EXCEPT
        for violation in violations(path.read_text(), str(name))
        if (str(name), violation.rpartition(" ")[2]) not in EXCEPT
    ]
    assert found == []


def test_each_way_around_the_seam_is_seen() -> None:
    for source in (
        "import shutil",
        "from tempfile import mkdtemp",
        "open('a')",
        "os.stat(a)",
        "os.path.exists(a)",
        "path.exists()",
        "asyncio.to_thread(path.is_file)",
        "Path(a).expanduser()",
    ):
        assert list(violations(source, "a.py")), source
    assert not list(violations("paths.exists(path); self.open(path); text.replace('a', 'b')", ""))
