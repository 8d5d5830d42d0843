"""Keeping what a provider has: whole, resumable, told from what could not be had, and verified."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tintype import keeping
from tintype.errors import ArchiveError, AuthenticationError
from tintype.keeping import KeepProgress, Manifest, Verification, Wanted
from tintype.keeping.folder import archive_folder
from tintype.keeping.manifest import manifest_from, safe_part
from tintype.pricing import Prices
from tintype.store import MadeFrom, Source, Store

if TYPE_CHECKING:
    from tests.conftest import FakeClock, HostileProvider

KEY = "sk-hostile-0123456789"
CSV = "step,train_loss\n1,0.5\n2,0.25\n"
TUNED = "ft:gpt-4o-2024-08-06:acme:cards:AE3XHdn2"


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


def rows(*urls: str) -> bytes:
    def row(url: str) -> bytes:
        image = {"type": "image_url", "image_url": {"url": url}}
        asked = [{"type": "text", "text": "What?"}, image]
        said = [{"role": "user", "content": asked}, {"role": "assistant", "content": "a card"}]
        return json.dumps({"messages": said}).encode() + b"\n"

    return b"".join(map(row, urls))


class OldProvider:
    """A finished job with its files at a provider, as OpenAI has them."""

    def __init__(self, provider: HostileProvider) -> None:
        self.provider = provider
        self.image = png()
        on = provider.on
        on("GET", "/images/.*", self._image)
        self.training = rows(f"{provider.url}/images/1.png", f"{provider.url}/images/2.png")
        self.job: dict[str, Any] = {
            "id": "ftjob-1",
            "model": "gpt-4o-2024-08-06",
            "status": "succeeded",
            "created_at": 1_763_600_000,
            "finished_at": 1_763_603_600,
            "training_file": "file-t",
            "validation_file": "file-v",
            "fine_tuned_model": TUNED,
            "result_files": ["file-r"],
            "trained_tokens": 1234,
            "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 2},
        }
        events = [
            {"id": f"e{n}", "created_at": 1_763_600_000 + n, "message": f"said with {KEY}"}
            for n in range(3, 0, -1)
        ]
        checkpoint = {
            "id": "ftckpt-1",
            "created_at": 1_763_602_000,
            "fine_tuned_model_checkpoint": f"{TUNED}:ckpt-step-1",
            "fine_tuning_job_id": "ftjob-1",
            "step_number": 1,
            "metrics": {"train_loss": 0.5},
        }
        answer = provider.answer
        job = "/fine_tuning/jobs/ftjob-1"
        on("GET", "/fine_tuning/jobs", lambda request: answer({"data": [self.job]}))
        on("GET", job, lambda request: answer(self.job))
        on("GET", f"{job}/events", answer({"data": events, "has_more": False}))
        on("GET", f"{job}/checkpoints", answer({"data": [checkpoint], "has_more": False}))
        on("GET", "/models", answer({"data": [{"id": TUNED}, {"id": "gpt-4o"}]}))
        on("GET", "/models/.*", answer({"id": TUNED, "shutdown_date": "2027-01-14"}))
        on("GET", "/files", lambda request: answer({"data": self.listed}))
        self.listed: list[dict[str, Any]] = []
        self.file("file-t", "train.jsonl", self.training)
        self.file("file-v", "valid.jsonl", rows(f"{provider.url}/images/2.png"))
        self.file("file-r", "step_metrics.csv", base64.b64encode(CSV.encode()))

    def file(self, id: str, name: str, content: bytes, *, size: int | None = None) -> None:
        """Have a file; `size` is what is said of it."""
        purpose = "fine-tune-results" if name.endswith(".csv") else "fine-tune"
        facts = {"id": id, "filename": name, "bytes": size or len(content), "purpose": purpose}
        self.listed.append(facts)
        self.provider.on("GET", f"/files/{id}", self.provider.answer(facts))
        self.provider.on("GET", f"/files/{id}/content", self.provider.answer(content))

    def gone(self, path: str) -> None:
        """Answer 404 from now on."""
        error = {"error": {"message": "No such thing", "code": None}}
        self.provider.on("GET", path, self.provider.answer(error, 404))

    def _image(self, request: Any) -> Any:
        return self.provider.answer(self.image, headers={"Content-Type": "image/png"})

    @property
    def downloads(self) -> list[str]:
        """What was fetched so far."""
        asked = [one.path for one in self.provider.requests]
        return [path for path in asked if path.endswith("/content") or "/images/" in path]


@pytest.fixture
def old(hostile: HostileProvider) -> OldProvider:
    return OldProvider(hostile)


@pytest.fixture
def kept(
    hostile: HostileProvider, store: Store, fake_clock: FakeClock, tmp_path: Path
) -> Callable[..., Any]:
    """`await kept()` keeps job ftjob-1 in tmp_path/archive; gives the last progress."""

    async def keep(
        wanted: Wanted | None = None, target: Path | None = None, store: Store = store
    ) -> KeepProgress:
        async with hostile.connect(key=KEY, clock=fake_clock.clock) as api:
            steps = keeping.keep_into(
                api,
                store,
                target or tmp_path / "archive",
                wanted or Wanted(("ftjob-1",)),
                prices=Prices(),
                allow_private=True,
                clock=fake_clock.clock,
            )
            return [step async for step in steps][-1]

    return keep


def verified(path: Path) -> Verification:
    found = [step.verification for step in keeping.verify(path)][-1]
    assert found is not None
    return found


def part(manifest: Manifest, end: str) -> keeping.KeptPart:
    [found] = [one for one in manifest.parts if one.path.endswith(end)]
    return found


async def test_everything_about_a_job_is_kept_and_checked(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    last = await kept()
    archive, manifest = tmp_path / "archive", last.manifest
    assert manifest.not_kept == ()
    assert (archive / "files/file-t/train.jsonl").read_bytes() == old.training
    assert (archive / "jobs/ftjob-1/results.csv").read_text() == CSV, "it was sent as base64"
    assert "0.25" in (archive / "jobs/ftjob-1/metrics.csv").read_text()
    job = json.loads((archive / "jobs/ftjob-1/job.json").read_text())
    assert job["job"]["hyperparameters"]["n_epochs"] == 3
    assert [one["step"] for one in job["checkpoints"]] == [1]
    assert len((archive / "jobs/ftjob-1/events.jsonl").read_text().splitlines()) == 3
    assert manifest.models == (TUNED, f"{TUNED}:ckpt-step-1")
    urls = {one.source: one for one in manifest.parts if one.path.startswith("images/")}
    assert {url[-5:] for url in urls} == {"1.png", "2.png"}
    assert verified(archive).faults == ()


async def test_an_archive_can_be_checked_and_read_without_tintype(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    await kept()
    archive = tmp_path / "archive"
    check = await asyncio.create_subprocess_exec("sha256sum", "-c", "SHA256SUMS", cwd=archive)
    assert await check.wait() == 0
    words = (archive / "README.md").read_text()
    assert TUNED in words
    assert "holds no answers" in words


async def test_no_key_is_in_an_archive(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    await kept(Wanted(everything=True))
    for path in (tmp_path / "archive").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


async def test_the_second_run_fetches_only_what_is_new(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    await kept()
    before = len(old.downloads)
    last = await kept()
    assert last.added == 0
    assert len(old.downloads) == before
    old.file("file-n", "new.jsonl", rows("data:image/png;base64,AAAA"))
    last = await kept(Wanted(everything=True))
    assert old.downloads[before:] == ["/files/file-n/content"]
    assert verified(tmp_path / "archive").faults == ()


async def test_what_could_not_be_had_is_said_with_why_and_had_later(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    old.gone("/files/file-v/content")
    old.gone("/images/2.png")
    old.file("file-t", "train.jsonl", old.training, size=len(old.training) + 1)
    last = await kept()
    why = {one.what: one.why for one in last.manifest.not_kept}
    assert "No such thing" in why["file file-v"]
    assert f"sent {len(old.training):,}" in why["file file-t"]
    assert verified(tmp_path / "archive").faults == ()
    words = (tmp_path / "archive/README.md").read_text()
    assert all(what in words for what in why)
    old.file("file-t", "train.jsonl", old.training)
    last = await kept()
    assert {one.what for one in last.manifest.not_kept} == {
        "file file-v",
        "an image of files/file-t/train.jsonl",
    }
    assert "404" in last.manifest.not_kept[-1].why


async def test_a_job_that_nobody_knows_is_said_once_and_not_looked_for_again(
    old: OldProvider, kept: Callable[..., Any]
) -> None:
    old.gone("/fine_tuning/jobs/ftjob-typo")
    last = await kept(Wanted(("ftjob-typo", "ftjob-1")))
    assert [one.what for one in last.manifest.not_kept] == ["job ftjob-typo"]
    last = await kept()
    assert (last.manifest.jobs, last.manifest.not_kept) == (("ftjob-1",), ())


async def test_checkpoints_that_the_provider_has_dropped_are_no_loss(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    old.gone(f"/models/{TUNED}:ckpt-step-1")
    last = await kept()
    assert last.manifest.not_kept == ()
    assert last.manifest.models == (TUNED,)
    old.gone(f"/models/{TUNED}")
    last = await kept()
    assert {one.what for one in last.manifest.not_kept} == {
        f"model {TUNED}",
        f"model {TUNED}:ckpt-step-1",
    }


async def test_a_file_that_is_gone_at_the_provider_is_taken_from_this_machine(
    old: OldProvider, kept: Callable[..., Any], store: Store, fake_clock: FakeClock, tmp_path: Path
) -> None:
    await kept()
    old.gone("/files/file-[tv].*")
    sent, changed = tmp_path / "sent.jsonl", tmp_path / "changed.jsonl"
    sent.write_bytes(b'{"a":1}\n')
    changed.write_bytes(b"now")
    digest = hashlib.sha256(sent.read_bytes()).hexdigest()
    origin = MadeFrom(Source(str(sent), digest), Source(str(changed), digest))
    store.jobs.made_from("hostile", "ftjob-1", origin)
    last = await kept(target=tmp_path / "second")
    assert (tmp_path / "second/files/file-t/sent.jsonl").read_bytes() == sent.read_bytes()
    assert [one.what for one in last.manifest.not_kept] == ["file file-v"]


async def test_when_the_provider_has_gone_what_the_store_knows_is_kept(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    await kept()
    for path in ("/fine_tuning/.*", "/files.*", "/models.*"):
        old.gone(path)
    last = await kept(Wanted(everything=True, images=False), tmp_path / "second")
    assert (tmp_path / "second/jobs/ftjob-1/results.csv").read_text() == CSV
    assert len((tmp_path / "second/jobs/ftjob-1/events.jsonl").read_text().splitlines()) == 3
    assert any(one.what == "job ftjob-1 as it is now" for one in last.manifest.not_kept)


async def test_a_provider_that_is_away_is_asked_once(
    old: OldProvider, kept: Callable[..., Any], hostile: HostileProvider, tmp_path: Path
) -> None:
    await kept()
    hostile.on("GET", ".*", hostile.answer(reset=True))
    asked = len(hostile.requests)
    await kept(Wanted(("ftjob-1", "ftjob-2", "ftjob-3")), tmp_path / "second")
    assert {one.path for one in hostile.requests[asked:]} == {"/fine_tuning/jobs/ftjob-1"}


async def test_a_conflict_passes_and_an_answer_that_makes_no_sense_is_missed_alone(
    old: OldProvider, kept: Callable[..., Any], hostile: HostileProvider, tmp_path: Path
) -> None:
    conflicts = iter([True])
    busy = hostile.answer({"error": {"message": "busy"}}, 409)
    hostile.on(
        "GET",
        "/fine_tuning/jobs/ftjob-1",
        lambda request: busy if next(conflicts, False) else hostile.answer(old.job),
    )
    hostile.on("GET", "/files/file-v", hostile.answer(["nonsense"]))
    last = await kept()
    assert [one.what for one in last.manifest.not_kept] == ["file file-v"]
    assert (tmp_path / "archive/files/file-t/train.jsonl").exists()


async def test_a_refused_key_is_an_error_and_no_archive_of_holes(
    old: OldProvider, kept: Callable[..., Any], hostile: HostileProvider
) -> None:
    hostile.on("GET", "/files.*", hostile.answer({"error": {"message": "no"}}, 401))
    with pytest.raises(AuthenticationError):
        await kept()


async def test_a_part_that_was_lost_is_said(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    await kept()
    old.gone("/files/file-v.*")
    (tmp_path / "archive/files/file-v/valid.jsonl").unlink()
    last = await kept()
    assert any("its file is gone" in one.why for one in last.manifest.not_kept)
    assert verified(tmp_path / "archive").faults == ()


async def test_an_archive_is_of_one_profile_and_no_folder_is_taken_over(
    old: OldProvider, store: Store, kept: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    with pytest.raises(ArchiveError, match="is no archive"):
        await kept(target=tmp_path / "full")
    assert store.archives.read() == {}, "what is no archive is not noted as one"
    await kept()
    path = tmp_path / "archive/manifest.json"
    path.write_text(path.read_text().replace('"hostile"', '"other"'))
    with pytest.raises(ArchiveError, match="what profile other had"):
        await kept()
    with archive_folder(tmp_path / "archive"), pytest.raises(ArchiveError, match="Another process"):
        await kept()


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
async def test_one_file_is_kept_into_again_and_verified(
    ending: str, old: OldProvider, store: Store, kept: Callable[..., Any], tmp_path: Path
) -> None:
    target = tmp_path / f"archive{ending}"
    await kept(target=target)
    before = len(old.downloads)
    assert verified(target).faults == ()
    last = await kept(Wanted(("ftjob-1",)), target)
    assert last.added == 0
    assert len(old.downloads) == before
    assert [path for path in os.listdir(tmp_path) if ending in path] == [target.name]
    assert keeping.manifest_of(target).models == last.manifest.models
    assert store.archives.read() == {target: "hostile"}


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Zstandard is there")
async def test_what_could_not_be_packed_is_said_before_anything_is_kept(
    old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(ArchiveError, match="Zstandard"):
        await kept(target=tmp_path / "archive.tar.zst")
    assert old.provider.requests == []


@pytest.mark.parametrize("name", ["archive.7z", "archive.tar", "archive.TGZ"])
async def test_no_folder_is_called_as_a_packed_file_of_another_kind(
    name: str, old: OldProvider, kept: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(ArchiveError, match=r"ends in \.zip, \.tar\.gz"):
        await kept(target=tmp_path / name)
    assert not (tmp_path / name).exists()


async def test_a_job_that_runs_is_to_be_kept_again(
    old: OldProvider, kept: Callable[..., Any]
) -> None:
    old.job["status"] = "running"
    last = await kept()
    assert last.manifest.not_kept[0].what == "the end of job ftjob-1"
    old.job["status"] = "succeeded"
    last = await kept()
    assert last.manifest.not_kept == ()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A small archive."""
    with archive_folder(tmp_path / "made") as archive:
        archive.put("files/a.jsonl", b"one", "a file")
        archive.put("files/b.jsonl", b"two", "a file")
        parts = tuple(archive.parts.values())
        archive.finish(Manifest("p", "openai", "u", "t", "now", (), (), parts), "read me")
    return tmp_path / "made"


def _write(name: str, data: bytes) -> Callable[[Path], Any]:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    return write


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda folder: None, None),
        (_write("files/a.jsonl", b"ONE"), "files/a.jsonl was changed"),
        (_write("files/a.jsonl", b"longer"), "files/a.jsonl has 6 bytes, not 3"),
        (_write("extra", b""), "extra was added"),
        (_write("README.md", b"other"), "README.md was changed"),
        (lambda folder: (folder / "files/b.jsonl").unlink(), "files/b.jsonl is missing"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "SHA256SUMS is missing"),
        (_write(".tintype/journal.jsonl", b"{"), "something was being kept into it"),
    ],
)
@pytest.mark.parametrize("packed", ["", ".zip", ".tar.gz"])
def test_every_part_is_compared_with_the_manifest(
    damage: Callable[[Path], Any], fault: str | None, packed: str, made: Path
) -> None:
    damage(made)
    path = made
    if packed:
        path = made.with_suffix(packed)
        for _ in keeping.pack(made, path):
            pass
    faults = verified(path).faults
    if fault is None or (packed and "being kept" in fault):
        assert faults == ()
    else:
        assert any(one.startswith(fault) for one in faults), faults


def test_a_manifest_of_any_size_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tintype.keeping.verifying.MOST_MANIFEST", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w") as archive:
        archive.writestr("manifest.json", bytes(1001))
    with pytest.raises(ArchiveError, match=r"manifest\.json is larger than any"):
        keeping.manifest_of(tmp_path / "bomb.zip")


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../../x", "a//b", "a\\b", "c:/x", "a\nb", "", ".", "a/."]
)
def test_no_name_leads_out_of_an_archive(name: str, made: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError):
        safe_part(name)
    manifest = (made / "manifest.json").read_text()
    with pytest.raises(ArchiveError):
        manifest_from(manifest.replace("files/a.jsonl", json.dumps(name)[1:-1]))
    for write in (_zipped, _tarred) if name else ():
        path = write(tmp_path, name)
        with pytest.raises(ArchiveError):
            list(keeping.unpack(path, tmp_path / "out"))
        assert not (tmp_path / "x").exists()


def _zipped(folder: Path, name: str) -> Path:
    path = folder / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("good"), b"x")
        info = zipfile.ZipInfo("bad")
        info.filename = name
        archive.writestr(info, b"x")
    return path


def _tarred(folder: Path, name: str) -> Path:
    path = folder / "bad.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))
    return path


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_an_archive_are_refused(kind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(ArchiveError, match="no plain file"):
        list(keeping.verify(path))


def test_a_link_in_a_folder_is_refused(made: Path, tmp_path: Path) -> None:
    (made / "link").symlink_to("/etc/passwd")
    with pytest.raises(ArchiveError, match=r"'link' in .* is a link, as no archive holds"):
        list(keeping.verify(made))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 99}'])
def test_what_is_no_manifest_is_said(content: bytes) -> None:
    with pytest.raises(ArchiveError):
        manifest_from(content)


@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_an_archive_cut_short_is_said(ending: str, made: Path) -> None:
    path = made.with_suffix(ending)
    for _ in keeping.pack(made, path):
        pass
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ArchiveError, match=r"damaged|no finished archive|is not what"):
        verified(path).require()
