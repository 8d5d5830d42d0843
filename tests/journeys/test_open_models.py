"""Open models in the app: what can be chosen for them alone, and what is missing."""

from pathlib import Path
from typing import Any

from tests.journeys.test_the_loop import choose_model
from textual.widgets import Input

from tintype.connection import server_folder
from tintype.engines.lora import bases


async def test_the_adapters_are_shaped_in_the_plan_and_a_missing_extra_is_said_at_launch(
    sit: Any, dataset: Path
) -> None:
    open_model = bases.Base("open", "/nowhere", "qwen3_vl", 1, 1, "", 1, 1, 1, 1)
    bases.remember(server_folder() / bases.BASES, open_model)
    async with sit(dataset) as person:
        await person.sees("What is number 0?", "12 rows", "1 warning")
        await person.press("e")
        await person.sees("tokens billed", "free", "warnings, see 2 p")
        await person.sees_no("extras")
        await choose_model(person, "open")
        await person.sees("extras", "time unknown, 2.15 GB or more of memory")
        person.app.screen.query_one("#extra", Input).focus()
        await person.type("lora_rank=8 lora_target_modules=q_proj,v_proj")
        await person.quoted("open")
        await person.press("escape")
        await person.quoted("open")
        await person.press("l")
        await person.sees("Launch at", "lora_rank", "q_proj")
        await person.press("enter")
        await person.sees("pip install 'tintype[lora]'")
