"""What runs in the process of a scorer of somebody's own: it imports nothing of Tintype.

    python -P own_process.py FILE FUNCTION

Reads a JSON list of arguments a line, and writes a JSON object for each: `value`, or `error`.
Whatever the function prints goes to standard error.
"""

import importlib.util
import json
import os
import sys


def serve(path: str, name: str) -> None:
    """Score line by line until the other side closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    function, trouble = None, ""
    try:
        described = importlib.util.spec_from_file_location("scorer_of_ones_own", path)
        assert described is not None
        assert described.loader is not None
        module = importlib.util.module_from_spec(described)
        sys.path.insert(0, os.path.dirname(path))
        described.loader.exec_module(module)
        function = getattr(module, name)
    except BaseException as error:
        trouble = f"{type(error).__name__}: {error}"
    answers.write(json.dumps({"ready": True}) + "\n")
    for line in sys.stdin:
        try:
            told = {"value": function(*json.loads(line))} if function else {"error": trouble}
            said = json.dumps(told)
        except Exception as error:
            said = json.dumps({"error": f"{type(error).__name__}: {error}"})
        answers.write(said + "\n")


if __name__ == "__main__":
    serve(*sys.argv[1:3])
