"""SIGKILL at any moment loses at most the answers under way; only the rest is asked again."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from tintype import evaluation
from tintype.evaluation.log import replay

ROWS, KILLS, AT_ONCE = 60, 20, 8


def test_killed_twenty_times_every_row_is_answered_once(
    hostile_apart: Any, tmp_path: Path, rows: Any
) -> None:
    dataset = rows(tmp_path / "t.jsonl", [(f"question {n}", f"answer {n}") for n in range(ROWS)])
    folder = tmp_path / "run"
    chance, child, left, known = random.Random(7), [0], [0], threading.Lock()

    def answer(request: Any) -> Any:
        with known:  # who asks: it may ask before its number has been read
            left[0] -= 1
            if left[0] == 0:
                os.kill(child[0], signal.SIGKILL)
        number = request.json["messages"][-1]["content"].split()[-1]
        message = {"content": f"answer {number}"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return hostile_apart.answer({"choices": [choice]})

    hostile_apart.on("POST", "/chat/completions", answer)
    script = Path(__file__).with_name("killed.py")
    command = [sys.executable, str(script), hostile_apart.url, str(dataset), str(folder)]
    ended = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for kill in range(KILLS + 1):
            with known:
                left[0] = chance.randrange(1, 5) if kill < KILLS else -1
                process.stdin.write("go\n")
                process.stdin.flush()
                child[0] = int(process.stdout.readline())
            ended.append(int(process.stdout.readline()))
        process.stdin.close()

    assert ended == [-signal.SIGKILL] * KILLS + [0]
    lines = (folder / "answers.jsonl").read_bytes().splitlines()
    answered = Counter(key for line in lines for key in replay([line]).answers)
    assert set(answered.values()) == {1}
    assert len(answered) == ROWS
    asked = Counter(
        json.loads(request.body)["messages"][-1]["content"]
        for request in hostile_apart.sent("POST", "/chat/completions")
    )
    assert sum(asked.values()) - ROWS <= KILLS * AT_ONCE
    assert evaluation.figures(evaluation.open(folder))[0].headline.headline == 1.0
