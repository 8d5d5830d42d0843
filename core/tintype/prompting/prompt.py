"""What a person has written and chosen for a question: words, system prompt, parameters."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Parameters:
    """None leaves it to the provider."""

    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    detail: str = "auto"

    def words(self) -> str:
        """Those that are set, in a line."""
        said = [
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in (
                ("temperature", self.temperature),
                ("top-p", self.top_p),
                ("max", self.max_tokens),
                ("seed", self.seed),
            )
            if value is not None
        ]
        return " · ".join(said)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question as it stands in the playground."""

    text: str = ""
    system: str | None = None
    """In place of the subject's own system prompt; none leaves that."""
    parameters: Parameters = field(default_factory=Parameters)
