"""A provider for benchmarks: it answers in 0.5 to 2 seconds and limits its rate, as hosted ones do.

    python -m benchmarks.slow_provider PER_SECOND

Prints its port, then at the end of standard input what it saw: requests, answers, refusals, and how
often it was asked while it had said to wait.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass, field

BURST = 20
FASTEST_S, SLOWEST_S = 0.5, 2.0


@dataclass
class Limited:
    """A token bucket, and what came."""

    per_s: float
    tokens: float = BURST
    at_s: float = field(default_factory=time.monotonic)
    answered: int = 0
    refused: int = 0
    most_at_once: int = 0
    at_once: int = 0

    def allowed(self) -> bool:
        """Take a token, if there is one."""
        now = time.monotonic()
        self.tokens = min(BURST, self.tokens + (now - self.at_s) * self.per_s)
        self.at_s = now
        if self.tokens < 1:
            self.refused += 1
            return False
        self.tokens -= 1
        return True


async def _answer(limited: Limited, body: bytes) -> tuple[str, str, bytes]:
    if not limited.allowed():
        error = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}
        return "429 Too Many Requests", "application/json", json.dumps(error).encode()
    limited.at_once += 1
    limited.most_at_once = max(limited.most_at_once, limited.at_once)
    await asyncio.sleep(random.uniform(FASTEST_S, SLOWEST_S))
    limited.at_once -= 1
    limited.answered += 1
    asked = json.loads(body)
    head = {"id": "c", "created": 1, "model": asked["model"]}
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    if not asked.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": "Yes"}}
        choice["finish_reason"] = "stop"
        whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
        return "200 OK", "application/json", json.dumps(whole).encode()
    chunks = [
        {**head, "choices": [{"index": 0, "delta": {"content": "Yes"}, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**head, "choices": [], "usage": usage},
    ]
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "200 OK", "text/event-stream", "".join([*events, "data: [DONE]\n\n"]).encode()


async def _serve(per_s: float) -> None:
    limited = Limited(per_s)

    async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].split("\r\n")[0] or 0)
                status, kind, body = await _answer(limited, await reader.readexactly(length))
                wait = "Retry-After: 1\r\n" if status.startswith("429") else ""
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{wait}"
                    f"Content-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(exchange, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(asdict(limited)), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
