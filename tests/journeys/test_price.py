"""What a training costs: why, what if, and what would pay."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def paid(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider in use counts and bills as OpenAI does; nobody is asked."""
    monkeypatch.setenv("PAID_KEY", "sk-paid-0123456789")
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(
        'default_profile = "paid"\n[profiles.paid]\nkey_env = "PAID_KEY"\nprovider = "openai"\n'
    )


async def test_every_count_says_why_with_the_numbers_of_its_row(
    sit: Any, dataset: Path, paid: None
) -> None:
    async with sit(dataset, size=(80, 24)) as person:
        await person.sees("12 rows", "1 warning")
        await person.press("down", "dollar_sign")
        await person.sees(
            "Why so many tokens: line 2", "48 × 36 pixels", "85 + 170 × 1 = 255 tokens"
        )
        await person.press("escape", "e")
        await person.sees("tokens billed")
        await person.press("dollar_sign")
        await person.sees("Why so many tokens: line 2")
        await person.press("right")
        await person.sees("Why so many tokens: line 3")
        await person.press("escape", "d", "dollar_sign")
        await person.sees("Why so many tokens", "255 tokens")
        await person.press("escape")
        await person.sees("The most expensive rows")


def test_the_command_explains_a_line(tintype: Any, dataset: Path) -> None:
    done = tintype("estimate", dataset, "-p", "openai", "--why", 2)
    assert done.code == 0
    assert "85 + 170 × 1 = 255 tokens" in done.out
    found = tintype("estimate", dataset, "-p", "openai", "--why", 2, "--json").json
    assert found["images"][0]["tokens"]["likely"] == 255
