"""The command line: one small module per command, imported when it is called.

Data goes to standard output, words to standard error. `--json` gives one JSON object (or one a
line, for commands that follow something). Exit codes: 0 done; 1 done, and what was looked at is bad
(errors in a dataset, a job that failed); 2 could not run; 130 interrupted; 143 and 129 ended by
SIGTERM and SIGHUP; 141 the reader of its output has gone, while a job that it followed goes on.
"""

MODULES = {
    "tour": "tour",
    "sample": "sample",
    "open": "open_",
    "import": "import_",
    "check": "check",
    "show": "show",
    "estimate": "estimate",
    "query": "query",
    "edit": "edit",
    "embed": "embed",
    "fix": "fix",
    "boxes": "boxes",
    "dedupe": "dedupe",
    "stats": "stats",
    "diff": "stats:diff",
    "convert": "convert",
    "split": "split",
    "subset": "split:subset",
    "serve": "serve",
    "train": "train",
    "jobs": "jobs",
    "watch": "watch",
    "record": "record",
    "follow": "follow",
    "status": "status",
    "ask": "ask",
    "evaluate": "evaluate",
    "evaluations": "evaluations",
    "keep": "keep",
    "move": "move",
    "replacement": "replacement",
    "inventory": "inventory",
    "models": "models",
    "files": "files",
    "spent": "spent",
    "clean": "clean",
    "config": "config",
    "doctor": "doctor",
}
"""Name on the command line → module in this package, in the order of the loop.

After a colon, the name of the command in it, if that is not `command`.
"""
