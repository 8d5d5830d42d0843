"""A scripted provider with OpenAI's deadlines, behind the hostile one.

It is OpenAI as it is on 28 November 2026: bases with a `shutdown_date`, tuned models that have none
of their own, some that answer no more though they are listed, files that vanish between listing and
download, results in base64, images behind URLs that expire. `today` can be moved: on the day of a
shutdown its models are gone; from `TRAINING_ENDS` on, no job is created. What was asked is in
`asked` and `hostile.requests`. Add to or take from `models`, `jobs`, `files` … as a test needs it.
"""

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from PIL import Image

TODAY = date(2026, 11, 28)
TRAINING_ENDS, SHUTDOWN, PAST = date(2027, 1, 6), date(2027, 1, 14), date(2026, 10, 23)
GPT_4O, GPT_41, NANO = "gpt-4o-2024-08-06", "gpt-4.1-2025-04-14", "gpt-4.1-nano-2025-04-14"
LUNA = "gpt-6-luna"
CARDS = f"ft:{GPT_4O}:acme:cards:A1"
COVERS = f"ft:{GPT_41}:acme:covers:B2"
OLD = f"ft:{NANO}:acme:old:C3"
LOST = f"ft:{GPT_4O}:acme:lost:Z9"
"""A tuned model of no job that is listed."""
CSV = "step,train_loss,train_accuracy,valid_loss\n1,1.5,0.2,1.6\n2,0.7,0.6,0.8\n3,0.2,0.9,0.4\n"


def _seconds(day: date, hour: float = 12.0) -> int:
    return int(
        (datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(0, hour * 3600)).timestamp()
    )


def image_of(number: int) -> bytes:
    """A small PNG, different for each number."""
    out = io.BytesIO()
    Image.new("RGB", (32, 24), (20 * number % 256, 90, 140)).save(out, "PNG")
    return out.getvalue()


def row(number: int, image: str) -> dict[str, Any]:
    """A training row about an image."""
    question = [
        {"type": "text", "text": f"What is number {number}?"},
        {"type": "image_url", "image_url": {"url": image}},
    ]
    return {
        "messages": [
            {"role": "user", "content": question},
            {"role": "assistant", "content": f"card {number}"},
        ]
    }


@dataclass
class DeadlineProvider:
    """The provider's things, by id, as they are on the wire."""

    hostile: Any
    today: date = TODAY
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By job, newest first."""
    checkpoints: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    ends: dict[str, date] = field(default_factory=dict)
    """When each model stops answering, whether `shutdown_date` says so or not."""
    vanished: set[str] = field(default_factory=set)
    """Files that are listed, and gone when they are asked for."""
    expired: set[str] = field(default_factory=set)
    """Names of images whose URLs answer 403."""
    images: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Models that were asked something, in order."""

    def __post_init__(self) -> None:
        for method, path, answer in (
            ("GET", "/models", self._models),
            ("GET", "/models/(.+)", self._model),
            ("DELETE", "/models/(.+)", self._delete_model),
            ("GET", "/files", self._list_files),
            ("POST", "/files", self._upload),
            ("GET", "/files/([^/]+)", self._file),
            ("DELETE", "/files/([^/]+)", self._delete_file),
            ("GET", "/files/([^/]+)/content", self._content),
            ("GET", "/fine_tuning/jobs", self._list_jobs),
            ("POST", "/fine_tuning/jobs", self._create),
            ("GET", "/fine_tuning/jobs/([^/]+)", self._job),
            ("GET", "/fine_tuning/jobs/([^/]+)/events", self._list_events),
            ("GET", "/fine_tuning/jobs/([^/]+)/checkpoints", self._list_checkpoints),
            ("POST", "/chat/completions", self._chat),
            ("GET", "/images/(.+)", self._image),
        ):
            self.hostile.on(method, path, answer)
        self._furnish()

    # ------------------------------------------------------------------ what is there

    def _furnish(self) -> None:
        for name, ends in ((GPT_4O, SHUTDOWN), (GPT_41, SHUTDOWN), (NANO, PAST), (LUNA, None)):
            self.add_model(name, ends, said=True)
        for number in range(12):
            self.images[f"{number}.png"] = image_of(number)
        self.expired.add("3.png")
        rows = [row(n, f"{self.image_url(n)}") for n in range(10)]
        inline = "data:image/png;base64," + base64.b64encode(image_of(11)).decode()
        self.add_file("file-cards-train", "cards.jsonl", rows)
        self.add_file("file-cards-valid", "cards-valid.jsonl", [row(11, inline)])
        self.add_file("file-covers-train", "covers.jsonl", [row(n, inline) for n in range(10, 20)])
        self.add_file("file-old-train", "old.jsonl", [row(n, inline) for n in range(20, 30)])
        self.add_file("file-orphan", "unused.jsonl", [row(30, inline)])
        self.vanished.add("file-old-train")
        self.add_job("ftjob-cards", GPT_4O, "file-cards-train", CARDS, SHUTDOWN, hours=2,
                     validation="file-cards-valid")  # fmt: skip
        self.add_job("ftjob-covers", GPT_41, "file-covers-train", COVERS, SHUTDOWN, hours=41)
        self.add_job("ftjob-old", NANO, "file-old-train", OLD, PAST, hours=1)
        self.add_job("ftjob-failed", GPT_4O, "file-covers-train", None, SHUTDOWN, hours=0.1)
        self.jobs["ftjob-failed"] |= {
            "status": "failed",
            "error": {
                "code": "invalid_training_file",
                "message": "Too few.",
                "param": "training_file",
            },
        }
        self.add_model(LOST, SHUTDOWN)
        self.models[COVERS]["shutdown_date"] = SHUTDOWN.isoformat()

    def image_url(self, number: int) -> str:
        """A URL that answers while its image is not in `expired`."""
        return f"{self.hostile.url}/images/{number}.png?expires={_seconds(SHUTDOWN)}"

    def add_model(self, name: str, ends: date | None, *, said: bool = False) -> None:
        """Add a model; `said`: its `shutdown_date` says when it ends."""
        shutdown = ends.isoformat() if ends and said else None
        owner = "acme" if name.startswith("ft:") else "system"
        self.models[name] = {
            "id": name, "object": "model", "created": _seconds(date(2026, 9, 1)),
            "owned_by": owner, "shutdown_date": shutdown,
        }  # fmt: skip
        if ends:
            self.ends[name] = ends

    def add_file(
        self, id: str, name: str, rows: list[dict[str, Any]] | bytes, purpose: str = "fine-tune"
    ) -> None:
        """Add a file of rows, or of any content."""
        lines = (
            rows
            if isinstance(rows, bytes)
            else "".join(json.dumps(r) + "\n" for r in rows).encode()
        )
        self.contents[id] = lines
        self.files[id] = {
            "id": id, "object": "file", "bytes": len(lines), "filename": name, "purpose": purpose,
            "created_at": _seconds(date(2026, 9, 2)), "status": "processed",
        }  # fmt: skip

    def add_job(
        self, id: str, base: str, training: str, tuned: str | None, ends: date | None,
        *, hours: float, validation: str | None = None,
    ) -> None:  # fmt: skip
        """Add a job that ended after some hours, with events, a checkpoint, results and model."""
        began, results = _seconds(date(2026, 9, 3)), f"{id.replace('ftjob', 'file')}-results"
        finished = began + int(hours * 3600)
        self.jobs[id] = {
            "id": id, "object": "fine_tuning.job", "model": base, "created_at": began,
            "finished_at": finished, "status": "succeeded", "fine_tuned_model": tuned,
            "training_file": training, "validation_file": validation, "seed": 7,
            "result_files": [results] if tuned else [],
            "trained_tokens": 123_456 if tuned else None,
            "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 2.0},
            "error": None, "metadata": {},
        }  # fmt: skip
        steps = [
            {
                "id": f"{id}-event-{step}", "created_at": began + 60 * step, "level": "info",
                "type": "metrics", "message": f"Step {step}/3: training loss={1 / step:.2f}",
                "data": {"step": step, "train_loss": 1 / step, "total_steps": 3},
            }
            for step in (3, 2, 1)
        ]  # fmt: skip
        self.events[id] = steps
        self.checkpoints[id] = []
        if tuned:
            self.add_file(results, "step_metrics.csv", base64.b64encode(CSV.encode()),
                          "fine-tune-results")  # fmt: skip
            saved = f"{tuned}:ckpt-step-2"
            self.checkpoints[id] = [{
                "id": f"ftckpt-{id}-2", "fine_tuning_job_id": id, "step_number": 2,
                "fine_tuned_model_checkpoint": saved, "created_at": finished,
                "metrics": {"step": 2, "train_loss": 0.7},
            }]  # fmt: skip
            for name in (tuned, saved):
                self.add_model(name, ends)

    # ------------------------------------------------------------------ what is answered

    def is_gone(self, model: str) -> bool:
        """Whether a model has been shut down, or never was."""
        ends = self.ends.get(model)
        return model not in self.models or (ends is not None and ends <= self.today)

    def _answer(self, body: Any, status: int = 200, **more: Any) -> Any:
        return self.hostile.answer(body, status, **more)

    def _missing(self, what: str, id: str, code: str | None = None) -> Any:
        error = {"message": f"No such {what}: {id}", "type": "invalid_request_error", "code": code}
        return self._answer({"error": error}, 404)

    def _page(self, items: list[dict[str, Any]], query: Mapping[str, str]) -> Any:
        ids = [item["id"] for item in items]
        start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        end = start + int(query.get("limit", 20))
        return self._answer(
            {"object": "list", "data": items[start:end], "has_more": end < len(ids)}
        )

    def _found(self, kept: Mapping[str, Any], request: Any, at: int, what: str) -> Any:
        id = request.path.split("/")[at]
        return self._answer(kept[id]) if id in kept else self._missing(what, id)

    def _models(self, request: Any) -> Any:
        # Those shut down stay in the list for a while, as at OpenAI.
        return self._answer({"object": "list", "data": list(self.models.values())})

    def _model(self, request: Any) -> Any:
        name = request.path.removeprefix("/models/")
        gone = self.is_gone(name)
        return self._deprecated(name) if gone else self._answer(self.models[name])

    def _deprecated(self, name: str) -> Any:
        message = (
            f"The model `{name}` has been deprecated, learn more here: "
            "https://platform.openai.com/docs/deprecations"
        )
        error = {"message": message, "type": "invalid_request_error", "code": "model_not_found"}
        return self._answer({"error": error}, 404)

    def _delete_model(self, request: Any) -> Any:
        name = request.path.removeprefix("/models/")
        if self.models.pop(name, None) is None:
            return self._missing("model", name, "model_not_found")
        return self._answer({"id": name, "object": "model", "deleted": True})

    def _list_files(self, request: Any) -> Any:
        purpose = request.query.get("purpose")
        kept = [f for f in self.files.values() if purpose in (None, f["purpose"])]
        return self._page(kept, request.query)

    def _file(self, request: Any) -> Any:
        id = request.path.split("/")[2]
        present = {k: v for k, v in self.files.items() if k not in self.vanished}
        return self._answer(present[id]) if id in present else self._missing("File object", id)

    def _content(self, request: Any) -> Any:
        id = request.path.split("/")[2]
        if id in self.vanished or id not in self.contents:
            return self._missing("File object", id)
        return self._answer(self.contents[id], headers={"Content-Type": "application/octet-stream"})

    def _delete_file(self, request: Any) -> Any:
        id = request.path.split("/")[2]
        if id in self.vanished or self.files.pop(id, None) is None:
            return self._missing("File object", id)
        return self._answer({"id": id, "object": "file", "deleted": True})

    def _upload(self, request: Any) -> Any:
        id, body = f"file-new-{len(self.files)}", request.body
        boundary = b"--" + request.headers["content-type"].partition("boundary=")[2].encode()
        parts = [p.partition(b"\r\n\r\n") for p in body.split(boundary) if b"filename=" in p]
        head, _, content = parts[0]
        name = head.partition(b'filename="')[2].partition(b'"')[0].decode()
        self.add_file(id, name, content.removesuffix(b"\r\n"))
        return self._answer(self.files[id])

    def _list_jobs(self, request: Any) -> Any:
        return self._page(list(self.jobs.values()), request.query)

    def _job(self, request: Any) -> Any:
        return self._found(self.jobs, request, 3, "job")

    def _list_events(self, request: Any) -> Any:
        return self._page(self.events.get(request.path.split("/")[3], []), request.query)

    def _list_checkpoints(self, request: Any) -> Any:
        return self._page(self.checkpoints.get(request.path.split("/")[3], []), request.query)

    def _create(self, request: Any) -> Any:
        if self.today >= TRAINING_ENDS:
            message = "OpenAI is winding down the fine-tuning platform and your organization is no longer able to create new fine-tuning training jobs."  # noqa: E501
            error = {"message": message, "type": "invalid_request_error"}
            return self._answer({"error": error | {"code": "training_not_available"}}, 403)
        id = f"ftjob-new-{len(self.jobs)}"
        asked = request.json
        self.add_job(id, asked["model"], asked["training_file"], None, None, hours=0)
        self.jobs[id] |= {
            "status": "queued",
            "finished_at": None,
            "metadata": asked.get("metadata"),
        }
        return self._answer(self.jobs[id])

    def _chat(self, request: Any) -> Any:
        asked = request.json
        name = asked["model"]
        self.asked.append(name)
        if self.is_gone(name):
            return self._deprecated(name)
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        head = {"id": "c", "created": 1, "model": name}
        choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
        if not asked.get("stream"):
            message = {"role": "assistant", "content": "card 1"}
            return self._answer(
                {**head, "choices": [choice | {"message": message}], "usage": usage}
            )
        chunks = [
            {**head, "choices": [choice | {"delta": {"content": "card 1"}, "finish_reason": None}]},
            {**head, "choices": [choice | {"delta": {}}]},
            {**head, "choices": [], "usage": usage},
        ]
        events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        return self._answer(events.encode(), headers={"Content-Type": "text/event-stream"})

    def _image(self, request: Any) -> Any:
        name = request.path.removeprefix("/images/")
        if name in self.expired or name not in self.images or self.today >= SHUTDOWN:
            return self._answer(b"Request has expired", 403, headers={"Content-Type": "text/plain"})
        return self._answer(self.images[name], headers={"Content-Type": "image/png"})
