"""Files and folders as a person names them: the app's only way to the disk.

A path may be typed by a person, remembered from last month or made from a job's id; the disk may be
full, read-only, or a network share that has gone away. Everything here either answers or raises
`FileError`: a sentence and what to do. Nothing else is raised, whatever the path.

Whether something is there has three answers: yes, no, and *unknown* (a name too long, a folder that
may not be searched, a share that does not answer). `status` gives it as a value and never raises;
`exists`, `is_file` and `is_folder` are true only for what is known; `require` raises for the rest.
"""

from tintype.paths.access import (
    FolderEntry,
    append_private,
    list_folder,
    make_folder,
    matching,
    read_bytes,
    read_text,
    remove,
    scratch_folder,
    write_whole,
    writing,
)
from tintype.paths.failures import failure
from tintype.paths.locks import hold, is_held, locked
from tintype.paths.lookup import (
    Kind,
    Status,
    exists,
    free_at,
    free_bytes,
    is_file,
    is_folder,
    modified,
    require,
    size,
    status,
    writable,
)
from tintype.paths.names import (
    absolute,
    as_path,
    completions,
    current_folder,
    safe_name,
    typed_path,
    typed_paths,
)

__all__ = [
    "FolderEntry",
    "Kind",
    "Status",
    "absolute",
    "append_private",
    "as_path",
    "completions",
    "current_folder",
    "exists",
    "failure",
    "free_at",
    "free_bytes",
    "hold",
    "is_file",
    "is_folder",
    "is_held",
    "list_folder",
    "locked",
    "make_folder",
    "matching",
    "modified",
    "read_bytes",
    "read_text",
    "remove",
    "require",
    "safe_name",
    "scratch_folder",
    "size",
    "status",
    "typed_path",
    "typed_paths",
    "writable",
    "write_whole",
    "writing",
]
