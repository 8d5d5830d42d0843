"""Requests about jobs that are refused."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tintype.engines.lora import bases, engine
from tintype.server.run import Running

ErrorOf = Callable[[httpx2.Response], dict[str, Any]]
Rows = Callable[..., bytes]


@pytest.fixture
def provider(lasting_provider: Running) -> Running:
    """These tests can share a server."""
    return lasting_provider


@pytest.mark.parametrize(
    ("fields", "status", "param", "code"),
    [
        ({"model": "gpt-4o-2024-08-06"}, 400, "model", "model_not_available"),
        ({"model": "ft:scripted:personal::abcdefgh"}, 400, "model", "model_not_available"),
        ({"model": ""}, 400, "model", "model_not_available"),
        ({"model": 4}, 400, "model", "invalid_type"),
        ({"training_file": "file-nope"}, 404, "training_file", "file_not_found"),
        ({"validation_file": "file-nope"}, 404, "validation_file", "file_not_found"),
        ({"training_file": None}, 400, "training_file", "invalid_type"),
        ({"suffix": ""}, 400, "suffix", "string_below_min_length"),
        ({"suffix": "x" * 65}, 400, "suffix", "string_above_max_length"),
        ({"seed": -1}, 400, "seed", "integer_below_min_value"),
        ({"seed": 2**31}, 400, "seed", "integer_above_max_value"),
        ({"seed": 1.5}, 400, "seed", "invalid_type"),
        ({"metadata": {"k": 1}}, 400, "metadata.k", "invalid_type"),
        ({"metadata": {"k" * 65: "v"}}, 400, "metadata", "string_above_max_length"),
        ({"metadata": {"k": "v" * 513}}, 400, "metadata.k", "string_above_max_length"),
        (
            {"metadata": {str(number): "v" for number in range(17)}},
            400,
            "metadata",
            "object_above_max_properties",
        ),
        (
            {"hyperparameters": {"n_epochs": 51}},
            400,
            "hyperparameters.n_epochs",
            "integer_above_max_value",
        ),
        (
            {"hyperparameters": {"batch_size": 0}},
            400,
            "hyperparameters.batch_size",
            "integer_below_min_value",
        ),
        (
            {"hyperparameters": {"learning_rate_multiplier": 0}},
            400,
            "hyperparameters.learning_rate_multiplier",
            "decimal_below_min_value",
        ),
        (
            {"hyperparameters": {"n_epochs": "many"}},
            400,
            "hyperparameters.n_epochs",
            "invalid_type",
        ),
        ({"hyperparameters": {"n_epochs": None}}, 400, "hyperparameters.n_epochs", "invalid_type"),
        ({"hyperparameters": {"beta": 1}}, 400, "hyperparameters.beta", "unknown_parameter"),
        ({"method": {"type": "dpo"}}, 400, "method", "method_not_available"),
        ({"method": {"type": "magic"}}, 400, "method.type", "invalid_value"),
        ({"method": {}}, 400, "method.type", "missing_required_parameter"),
        (
            {"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 0}}}},
            400,
            "method.supervised.hyperparameters.n_epochs",
            "integer_below_min_value",
        ),
        (
            {"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]},
            400,
            "integrations",
            "unsupported_parameter",
        ),
        ({"n_epochs": 3}, 400, "n_epochs", "unknown_parameter"),
    ],
)
def test_a_wrong_request_is_refused(
    http: httpx2.Client,
    upload: Callable[[bytes], str],
    rows: Rows,
    error_of: ErrorOf,
    fields: dict[str, Any],
    status: int,
    param: str,
    code: str,
) -> None:
    asked = {"model": "scripted", "training_file": upload(rows()), **fields}
    answer = http.post("/fine_tuning/jobs", json=asked)
    assert answer.status_code == status
    error = error_of(answer)
    assert (error["param"], error["code"]) == (param, code)
    listed = http.get("/fine_tuning/jobs", params={"limit": 1}).json()
    assert asked["training_file"] not in [job["training_file"] for job in listed["data"]]


def test_without_the_extra_an_open_model_is_refused_at_launch(
    http: httpx2.Client,
    upload: Callable[[bytes], str],
    rows: Rows,
    error_of: ErrorOf,
    provider: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "NEEDED", ("no_such_module",))
    file = provider.folder / bases.BASES
    bases.remember(file, bases.Base("open", "/nowhere", "qwen3_vl", 1, 1, "", 1, 1, 1, 1))
    asked = {"model": "open", "training_file": upload(rows())}
    answer = http.post("/fine_tuning/jobs", json=asked)
    bases.forget(file, "open")
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "model_not_available"
    assert "pip install 'tintype[lora]'" in error_of(answer)["message"]


def test_an_open_model_takes_extras_and_says_which_is_wrong(
    http: httpx2.Client,
    upload: Callable[[bytes], str],
    rows: Rows,
    error_of: ErrorOf,
    provider: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "NEEDED", ())
    file = provider.folder / bases.BASES
    bases.remember(file, bases.Base("open", "/nowhere", "qwen3_vl", 1, 1, "", 1, 1, 1, 1))

    def asked(**extra: Any) -> httpx2.Response:
        method = {"type": "supervised", "supervised": {"hyperparameters": extra}}
        fields = {"model": "open", "training_file": upload(rows()), "method": method}
        return http.post("/fine_tuning/jobs", json=fields)

    refused, unknown = asked(lora_rank=0), asked(lora_beta=1)
    made = asked(lora_rank=4).json()
    http.post(f"/fine_tuning/jobs/{made['id']}/cancel")
    bases.forget(file, "open")
    error = error_of(refused)
    assert (refused.status_code, error["code"]) == (400, "invalid_value")
    assert error["param"] == "method.supervised.hyperparameters.lora_rank"
    assert "must be a whole number from 1 to 512" in error["message"]
    assert error_of(unknown)["code"] == "unknown_parameter"
    chosen = made["method"]["supervised"]["hyperparameters"]
    assert (chosen["lora_rank"], chosen["lora_alpha"]) == (4, "auto")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", "/cancel"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("GET", "/events"),
        ("GET", "/checkpoints"),
    ],
)
def test_an_unknown_job_is_not_found(
    http: httpx2.Client, error_of: ErrorOf, method: str, path: str
) -> None:
    answer = http.request(method, f"/fine_tuning/jobs/ftjob-nope{path}")
    assert answer.status_code == 404
    assert error_of(answer)["code"] == "fine_tune_not_found"
