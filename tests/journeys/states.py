"""Every state that a pane can be in, and the way there: what generated tests go through.

The provider is the scripted one of `tests/conftest.py`; nothing here knows which keys there are.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
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
        # As if drawn before: drawing them again takes seconds, and is tested elsewhere.
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


def checked(name: str) -> Way:
    async def way(place: Place) -> None:
        await place.open(name)
        app, path = place.person.app, place.files[name]
        await place.person.until(
            lambda: app.loop_state.dataset == path and bool(app.loop_state.checked), "the verdict"
        )

    return way


GOOD, SPOILT = checked("good"), checked("spoilt")


async def nothing_to_estimate(place: Place) -> None:
    await place.sees("Recent datasets")
    await place.press("3")
    await place.sees("No dataset yet")


def estimate(name: str, *words: str) -> Way:
    async def way(place: Place) -> None:
        await place.open(name)
        app, path = place.person.app, place.files[name]
        await place.person.until(lambda: app.loop_state.dataset == path, "the dataset")
        await place.press("3")
        ready = partial(_shows_estimate, app)
        await place.person.until(ready, "Estimate")
        app.screen.query_one("#cost").scroll_home(animate=False)  # as it is at first
        await place.sees(*words)

    return way


def _shows_estimate(app: Any) -> bool:
    return app.current_mode == "estimate" and bool(app.screen.query("#cost"))


ESTIMATE = estimate("good", "tokens billed", "warnings, see")
FLAWED = estimate("spoilt", "tokens billed", "would be rejected")


async def jobs_pane(place: Place) -> None:
    """Jobs as it is at first, asking the provider."""
    app = place.person.app
    await place.press("4")
    await place.person.until(lambda: app.current_mode == "jobs" and app.screen.is_mounted, "Jobs")
    app.screen.views.show_view("events")
    if app.screen.charts.every_metric:
        app.screen.action_grid()
    app.screen.looking, app.screen.feed.level, app.screen.feed.wrapped = True, "info", False
    await place.press("r")


def jobs(*listed: dict[str, Any], words: tuple[str, ...]) -> Way:
    async def way(place: Place) -> None:
        place.serve(*listed)
        await jobs_pane(place)
        if listed:
            place.person.app.post_message(requests.open_job(listed[0]["id"]))
        await place.sees(*words)

    return way


MANY = jobs(
    *(job(n, ["succeeded", "failed", "running", "cancelled"][n % 4]) for n in range(40, 0, -1)),
    words=("cards40",),
)
ONE = jobs(job(1), words=("succeeded",))
RUNNING = jobs(job(2, "running"), words=("running",))


async def jobs_failed(place: Place) -> None:
    place.lists(body=PAGE, headers={"Content-Type": "text/html"})
    await jobs_pane(place)
    await place.sees("Cannot list the jobs.")


async def no_model(place: Place) -> None:
    await place.sees("Recent datasets")
    await place.press("5")
    await place.sees("No image yet")


async def asking(place: Place) -> None:
    """A row and a model that can be asked."""
    await place.press("1")
    await place.open("good", "12 rows")
    app = place.person.app
    for model in ("", TUNED):  # one after the other, lest the second be no change
        app.post_message(requests.try_model(model))
    await place.sees("Next row", "cards")
    part = app.screen.asking
    await place.person.until(
        lambda: part.question.subject.is_row and TUNED in part.question.models,
        "the row and the tuned model",
    )


async def consenting(place: Place) -> None:
    await asking(place)
    await place.press("a")
    await place.sees("press Enter to ask")


async def asked(place: Place) -> None:
    await consenting(place)
    await place.person.type(place.person.app.screen._demand.typed)
    await place.press("enter")
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


async def nothing_evaluated(place: Place) -> None:
    await place.sees("Recent datasets")
    await place.press("6")
    await place.sees("Nothing to evaluate yet.")


async def evaluated(place: Place) -> None:
    """The result of an evaluation."""
    await evaluation(place)
    await place.press("l")
    await place.sees("Type")
    await place.person.type(place.person.app.screen._demand.typed)
    await place.press("enter")
    await place.sees("score:", "time and money")


async def inventoried(place: Place) -> None:
    """Everything at the provider."""
    place.serve(job(1), job(2, "failed"))
    await place.press("1")
    await place.press("7", "r")
    await place.sees("models 1", "as of")


STATES: dict[str, State] = {
    "home, first": State(first),
    "home, provider": State(first, "P", ("Work with which provider?",), again=True),
    "home, open": State(first, "o", ("Open a dataset",), again=True),
    "home, commands": State(first, "colon", ("Search",), again=True),
    "home, returning": State(returning, again=True),
    "datasets, nothing": State(no_dataset),
    "datasets, gone": State(dataset("gone", "R tries again"), again=True),
    "datasets, rows": State(GOOD, again=True),
    "datasets, broken line": State(SPOILT, "down", ("no JSON",), again=True),
    "datasets, problems": State(SPOILT, "p", again=True),
    "datasets, overview": State(SPOILT, "v", again=True),
    "datasets, sheet": State(SPOILT, "c", again=True),
    "datasets, image": State(GOOD, "f", again=True),
    "datasets, search": State(GOOD, "slash", ("Search the rows",), again=True),
    "datasets, fixed copy": State(GOOD, "M", ("Write a fixed copy",), again=True),
    "estimate, nothing": State(nothing_to_estimate),
    "estimate, gone": State(estimate("gone", "gone/train.jsonl"), again=True),
    "estimate, counting": State(estimate("slow", "slow/train.jsonl"), again=True),
    "estimate, ready": State(ESTIMATE, again=True),
    "estimate, flaws": State(FLAWED, "l", ("would reject this file",), again=True),
    "estimate, launch": State(ESTIMATE, "l", ("Launch at", "Type"), again=True),
    "estimate, dearest": State(ESTIMATE, "d", again=True),
    "estimate, compare": State(ESTIMATE, "c", again=True),
    "jobs, failed to list": State(jobs_failed, again=True),
    "jobs, empty": State(jobs(words=("No jobs yet",)), again=True),
    "jobs, one": State(ONE, again=True),
    "jobs, every metric": State(ONE, "W", again=True),
    "jobs, running": State(RUNNING, again=True),
    "jobs, cancel": State(RUNNING, "c", ("Cancel this job?",), agreed=True, again=True),
    "jobs, many": State(MANY, again=True),
    "jobs, checkpoints": State(MANY, "right_square_bracket enter", again=True),
    "jobs, runs": State(MANY, "O down down left_square_bracket enter", again=True),
    "jobs, filter": State(MANY, "slash", ("Jobs with",), again=True),
    "playground, nothing": State(no_model),
    "playground, a question": State(asking, again=True),
    "playground, typing": State(asking, "i", again=True),
    "playground, model": State(asking, "m", ("Ask which model?",), again=True),
    "playground, parameters": State(asking, "p", again=True),
    "playground, copy": State(asking, "Y", ("Copy what?",), again=True),
    "playground, consent": State(asking, "a", ("press Enter to ask",), again=True),
    "playground, streaming": State(streaming, agreed=True),
    "playground, past": State(answered, "H", agreed=True),
    "playground, folded": State(folded, agreed=True),
    "evaluate, nothing": State(nothing_evaluated),
    "evaluate, set-up": State(evaluation, agreed=True),
    "evaluate, result": State(evaluated, agreed=True),
    "evaluate, rows": State(evaluated, "w", ("right is",), agreed=True),
    "evaluate, past runs": State(
        evaluated, "left_square_bracket left_square_bracket", ("past runs",), agreed=True
    ),
    "models, listed": State(inventoried),
    "models, files": State(inventoried, "left_square_bracket left_square_bracket"),
}
