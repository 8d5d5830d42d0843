"""Every state that a pane can be in, and the way there: what generated tests go through.

The provider is the scripted one of `tests/conftest.py`; nothing here knows which keys there are.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tintype_tui import requests

STREAM = {"Content-Type": "text/event-stream"}
PAGE = b"<html><body>Sign in to the wireless network</body></html>"
TUNED = "ft:gpt-4o-2024-08-06:me:cards:1"
BASE = "gpt-4o-2024-08-06"
KEY = "STATES_API_KEY"


class Place:
    """A provider, files of every kind, and the person before the app."""

    def __init__(self, home: Path, provider: Any, dataset: Path) -> None:
        self.home, self.provider, self.dataset = home, provider, dataset
        self.person: Any = None
        self._write_files(dataset.parent.parent)
        (home / "config").mkdir(parents=True)
        (home / "config" / "config.toml").write_text(
            'default_profile = "here"\nspend_confirm_usd = 0.000001\n'
            f'[profiles.here]\nkey_env = "{KEY}"\nprovider = "openai"\n'
            f'base_url = "{provider.url}"\n'
        )
        # As if drawn before: drawing them anew takes seconds, and is tested elsewhere.
        for name in ("cards", "books"):
            folder = home / "data" / "samples" / name
            folder.mkdir(parents=True)
            (folder / "train.jsonl").write_bytes(dataset.read_bytes())
        self.serve()

    def _write_files(self, folder: Path) -> None:
        rows = self.dataset.read_text().splitlines()
        broken = json.loads(rows[1])
        del broken["messages"][1]["role"]
        two = json.loads(rows[2])
        two["messages"][1]["content"].append(two["messages"][1]["content"][1])
        lost = json.loads(rows[3])
        lost["messages"][1]["content"][1]["image_url"]["url"] = "images/lost.png"
        text = {"messages": [json.loads(rows[4])["messages"][2] | {"role": "user"}] * 2}
        slow = json.loads(rows[0])
        slow["messages"][1]["content"][1]["image_url"]["url"] = f"{self.provider.url}/slow.png"
        kinds = {
            "spoilt": [rows[0], '{"messages": [', *map(json.dumps, (broken, two, lost, text))],
            "texts": [json.dumps(text)] * 12,
            "noise": ["not json", "", "{}", "[]", "null", "\x00"],
            "slow": [json.dumps(slow)] * 12,
        }
        self.files = {name: folder / name / "train.jsonl" for name in (*kinds, "empty", "gone")}
        for name, lines in kinds.items():
            self.files[name].parent.mkdir()
            self.files[name].write_text("\n".join([*lines, *rows[5:]]) + "\n")
        self.files["empty"].parent.mkdir()
        self.files["empty"].write_bytes(b"")
        self.files["good"] = self.dataset

    # ------------------------------------------------------------------ the provider

    def serve(self, *jobs: dict[str, Any]) -> None:
        """Answer as a provider with these jobs does."""
        answer, on = self.provider.answer, self.provider.on
        refused = answer({"error": {"message": "Not now.", "code": "nope"}}, 400)
        on("POST", "(?s).*", refused)
        on("DELETE", "(?s).*", refused)
        on("GET", "(?s).*", answer({"data": [], "has_more": False}))
        on("GET", "/slow.png", answer(hang=True))
        on("GET", "/models", answer({"data": [{"id": one} for one in (BASE, TUNED, "gpt-4.1")]}))
        on("GET", "/fine_tuning/jobs", answer({"data": list(jobs), "has_more": False}))
        for job in jobs:
            path = f"/fine_tuning/jobs/{job['id']}"
            on("GET", path, answer(job))
            on("GET", f"{path}/events", answer({"data": _events(), "has_more": False}))
            made = [] if job["status"] == "failed" else [_checkpoint(job["id"])]
            on("GET", f"{path}/checkpoints", answer({"data": made, "has_more": False}))
        self.answers(stall=False)

    def answers(self, *, stall: bool) -> None:
        """Answer questions, or begin to and say no more."""
        pieces: list[dict[str, Any]] = [{"delta": {"content": "A red square."}}]
        if not stall:
            pieces.append({"delta": {}, "finish_reason": "stop"})
        lines = [f"data: {json.dumps({'choices': [piece]})}\n\n" for piece in pieces]
        body = "".join([*lines, *([] if stall else ["data: [DONE]\n\n"])]).encode()
        answer = self.provider.answer(body, headers=STREAM, stall=stall)
        self.provider.on("POST", "/chat/completions", answer)

    def lists(self, **how: Any) -> None:
        """Answer badly when asked for jobs."""
        self.provider.on("GET", "/fine_tuning/jobs", self.provider.answer(**how))

    # ------------------------------------------------------------------ going somewhere

    async def open(self, name: str, *words: str) -> None:
        """Open one of the files, as Home does."""
        self.person.app.post_message(requests.open_dataset(self.files[name]))
        await self.person.sees(*words)

    async def press(self, *keys: str) -> None:
        await self.person.press(*keys)

    async def sees(self, *words: str) -> None:
        await self.person.sees(*words)


def job(number: int, status: str = "succeeded") -> dict[str, Any]:
    """A job as OpenAI lists it."""
    return {
        "id": f"ftjob-{number}",
        "created_at": 1_790_000_000 + number,
        "status": status,
        "model": BASE,
        "fine_tuned_model": TUNED if status == "succeeded" else None,
        "user_provided_suffix": f"cards{number}",
        "training_file": "file-1",
        "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 2},
        "error": {"code": "bad", "message": "Line 3 is bad."} if status == "failed" else None,
    }


def _events() -> list[dict[str, Any]]:
    return [
        {
            "id": f"ftevent-{step}",
            "created_at": 1_790_000_100 + step,
            "level": ["info", "warn", "error"][step % 3],
            "type": "metrics" if step % 4 else "message",
            "message": f"Step {step} of 30",
            "data": {"step": step, "train_loss": 1 / step, "train_accuracy": 0.5, "total_steps": 30}
            if step % 4
            else {},
        }
        for step in range(30, 0, -1)
    ]


def _checkpoint(job_id: str) -> dict[str, Any]:
    return {
        "id": f"ftckpt-{job_id}",
        "created_at": 1_790_000_130,
        "fine_tuned_model_checkpoint": f"{TUNED}:ckpt-step-10",
        "fine_tuning_job_id": job_id,
        "step_number": 10,
        "metrics": {"step": 10, "train_loss": 0.1},
    }


Way = Callable[[Place], Awaitable[None]]


@dataclass(frozen=True)
class State:
    """What a pane can be like."""

    base: Way
    """The way to the pane, in a fresh app with a fresh home."""
    keys: str = ""
    """What is pressed there, in words with spaces between."""
    seen: tuple[str, ...] = ()
    """What is seen then."""
    agreed: bool = False
    """Whether the person has agreed, or one key agrees, to what changes something or costs."""
    again: bool = False
    """Whether the way can be gone again in the same app."""


# ---------------------------------------------------------------------- the ways


async def first(place: Place) -> None:
    await place.sees("Recent datasets")


async def returning(place: Place) -> None:
    place.serve(job(1), job(2, "running"))
    await place.open("good", "12 rows")
    await place.press("4")
    await place.sees("cards1", "cards2")
    await place.press("1")
    await place.sees("Recent datasets", "shapes/train.jsonl")


async def no_dataset(place: Place) -> None:
    await place.sees("Recent datasets")
    await place.press("2")
    await place.sees("No dataset is open.")


def dataset(name: str, *words: str) -> Way:
    async def way(place: Place) -> None:
        await place.open(name, *words)

    return way


GOOD = dataset("good", "12 rows", "1 warning")
SPOILT = dataset("spoilt", "13 rows", "errors")


async def nothing_to_estimate(place: Place) -> None:
    await place.sees("Recent datasets")
    await place.press("3")
    await place.sees("No dataset yet")


def estimate(name: str, *words: str) -> Way:
    async def way(place: Place) -> None:
        await place.open(name, "train.jsonl")
        await place.press("3")
        await place.sees(*words)

    return way


ESTIMATE = estimate("good", "tokens billed", "warnings, see")
FLAWED = estimate("spoilt", "tokens billed", "would be refused")


def jobs(*listed: dict[str, Any], words: tuple[str, ...]) -> Way:
    async def way(place: Place) -> None:
        place.serve(*listed)
        await place.press("4")
        await place.sees(*words)

    return way


MANY = jobs(
    *(job(n, ["succeeded", "failed", "running", "cancelled"][n % 4]) for n in range(40, 0, -1)),
    words=("cards40", "cards39", "Step 28 of 30"),
)
ONE = jobs(job(1), words=("succeeded", "Step 28 of 30"))
RUNNING = jobs(job(1, "running"), words=("running", "Step 28 of 30"))
FAILED = jobs(job(1, "failed"), words=("failed", "Line 3 is bad."))


async def jobs_loading(place: Place) -> None:
    place.lists(hang=True)
    await place.press("4")
    await place.sees("Asking the provider for its jobs")


async def jobs_failed(place: Place) -> None:
    place.lists(body=PAGE, headers={"Content-Type": "text/html"})
    await place.press("4")
    await place.sees("Cannot list the jobs.")


async def no_model(place: Place) -> None:
    await place.sees("Recent datasets")
    await place.press("5")
    await place.sees("No image yet")


async def a_row(place: Place) -> None:
    await place.open("good", "12 rows")
    await place.press("5")
    await place.sees("row 1 of")


async def asking(place: Place) -> None:
    """A row and a model that can be asked."""
    place.person.app.post_message(requests.try_model(TUNED))
    await place.open("good", "12 rows")
    await place.press("5")
    await place.sees("row 1 of", "cards")
    lineup = place.person.app.screen.lineup
    await place.person.until(lambda: TUNED in lineup.lineup.models, "the tuned model")


async def asked(place: Place) -> None:
    await asking(place)
    await place.press("a")
    await place.sees("Ask?")
    await place.press("y")
    await place.sees("A red square.")


async def streaming(place: Place) -> None:
    place.answers(stall=True)
    await asked(place)


async def answered(place: Place) -> None:
    place.answers(stall=False)
    await asked(place)
    answers = place.person.app.screen.asking
    await place.person.until(
        lambda: not any(one.waiting for one in answers.answers.values()), "all answers"
    )


async def folded(place: Place) -> None:
    """So many answers that all but one are folded."""
    await answered(place)
    lineup = place.person.app.screen.lineup

    async def lined_up(number: int) -> None:
        await place.person.until(lambda: len(lineup.lineup.models) == number, "another column")

    while not lineup.lineup.is_full and len(lineup.lineup.models) < 3:
        number = len(lineup.lineup.models) + 1
        await place.press("M")
        await place.sees("Ask which model")
        await place.press("enter")
        await lined_up(number)
    await place.person.until(lambda: bool(lineup.query(".-folded")), "folded answers")


async def evaluation(place: Place) -> None:
    """An evaluation that could be begun, with one model."""
    place.person.app.post_message(requests.evaluate_model(TUNED, place.dataset))
    await place.sees("questions to 2 models", "test.jsonl")


STATES: dict[str, State] = {
    "home, first": State(first),
    "home, returning": State(returning),
    "home, provider": State(first, "P", ("Work with which provider?",)),
    "home, open": State(first, "o", ("Open a dataset",)),
    "home, commands": State(first, "colon", ("Search",)),
    "evaluate, set-up": State(evaluation, agreed=True),
}
