"""Keeping an answer in the history; its cost is entered by `ask`."""

from collections.abc import Sequence
from datetime import datetime

from tintype.api import ChatRequest
from tintype.prompting.growing import Reply
from tintype.settings import Profile
from tintype.store import KeptAnswer, Store


async def remember(
    store: Store,
    profile: Profile,
    request: ChatRequest,
    reply: Reply,
    asked_at: datetime,
    sources: Sequence[str] = (),
) -> int:
    """Keep a reply, finished or not; the answer is its number in the history.

    `sources` says where the images came from, for a person: their bytes are not kept.

    Raises:
        StoreError: if the store cannot be written.
    """
    usage = reply.usage
    parameters = {
        name: value
        for name in ("temperature", "top_p", "max_tokens", "seed")
        if (value := getattr(request, name)) is not None
    }
    return await store.answers.add(
        KeptAnswer(
            profile=profile.name,
            model=request.model,
            asked_at=asked_at,
            messages=request.messages,
            text=reply.text or reply.refusal,
            finish_reason=reply.finish_reason,
            trouble=reply.trouble,
            prompt_tokens=usage.prompt_tokens if usage else None,
            completion_tokens=usage.completion_tokens if usage else None,
            cost_usd=reply.cost_usd,
            ttft_s=reply.ttft_s,
            elapsed_s=reply.elapsed_s,
            parameters=parameters,
            sources=sources,
        )
    )
