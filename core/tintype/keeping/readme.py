"""The README of an archive: what is in it, in words that need no Tintype."""

from tintype.keeping.manifest import Manifest

_LAYOUT = """\
## What is where

- `manifest.json`: every part with its size, SHA-256, and what it was made from.
- `jobs/ID/`: `job.json` (settings as asked for, `made_from.request`, and as resolved,
  `job.hyperparameters`; checkpoints; times in seconds since 1970), `events.jsonl` (all it said),
  `metrics.csv` (every metric by step), `results.csv` (the provider's own), `prices.json`.
- `files/ID/`: a training or validation file, byte for byte; `files/ID.json`: its facts.
- `images/`: images that rows name by URL. The name is the first 40 digits of the SHA-256 of the
  URL; in the manifest, `source` is the URL.
- `models/NAME/model.json`: what the provider said of the model, and its last day.
- `models/NAME/weights/`: the model itself, if Tintype's own server tuned it; `weights.json` names
  its base.
- `evaluations/ID/`: `answers.jsonl` has every answer (`row` counts the lines of `rows.jsonl` from
  0; `text`, tokens `in` and `out`, `elapsed_s`, `cost_usd`), `dataset.jsonl` the rows with images.

## How to check it, and how to use it

`sha256sum -c SHA256SUMS` needs nothing else; `tintype keep verify PATH` also finds what was added.
`tintype keep restore PATH` puts jobs, curves, evaluations, files and weights into Tintype on any
machine.
"""


def readme(manifest: Manifest) -> str:
    """Write an archive's README, in Markdown."""
    size = sum(part.size_bytes for part in manifest.parts)
    answered = any(part.path.startswith("evaluations/") for part in manifest.parts)
    lines = [
        f"# What {manifest.provider} had, kept on {manifest.finished_at[:10]}",
        "",
        f"{len(manifest.parts):,} parts, {size:,} bytes, of profile `{manifest.profile}` "
        f"({manifest.base_url}), by {manifest.made_by}. No key is in it.",
        "",
        *(f"- job `{one}`" for one in manifest.jobs),
        *(f"- model `{one}`" for one in manifest.models),
        "",
    ]
    weights = sum(part.path.endswith("/weights.json") for part in manifest.parts)
    if weights:
        lines += [f"The weights of {weights:,} of the models are below `models/`.", ""]
    elif manifest.models:
        lines += [
            "A hosted model cannot be downloaded. After its last day the answers below "
            "`evaluations/` are all that is left of it."
            if answered
            else "A hosted model cannot be downloaded, and this archive holds no answers of it. "
            "`tintype keep golden MODEL --rows test.jsonl` asks for some while it answers.",
            "",
        ]
    if manifest.not_kept:
        lines += ["## What could not be had", ""]
        lines += [f"- {one.what}: {one.why}" for one in manifest.not_kept]
        lines.append("")
    return "\n".join(lines) + "\n" + _LAYOUT
