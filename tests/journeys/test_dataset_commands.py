"""Datasets divided, edited and converted from the command line."""

from collections.abc import Callable
from pathlib import Path

from .conftest import Done

Tintype = Callable[..., Done]


def rows_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_a_dataset_is_split_and_sampled(tintype: Tintype, dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    dry = tintype("split", dataset, out, "--valid", "25%", "--test", "0", "--dry-run", "--json")
    assert dry.json["rows"] == {str(out / "train.jsonl"): 9, str(out / "valid.jsonl"): 3}
    assert not out.exists()
    done = tintype("split", dataset, out, "--valid", "0.25", "--test", "0")
    assert (done.code, len(done.out.splitlines())) == (0, 2)
    assert rows_of(out / "train.jsonl") == 9
    again = tintype("split", dataset, out)
    assert (again.code, "exists already" in again.err) == (2, True)
    few = tintype("subset", dataset, out / "few.jsonl", "-n", "5", "--stratify")
    assert (few.code, rows_of(out / "few.jsonl")) == (0, 5)
    assert tintype("subset", dataset, out / "none.jsonl").code == 2
    assert tintype("split", dataset, out, "--valid", "60%", "--test", "40%").code == 2
