"""Images, and an app with nothing but an image widget."""

import io

import pytest
from PIL import Image, ImageDraw
from textual import on, work
from textual.app import ComposeResult
from textual.screen import ModalScreen, Screen

from tintype_tui.terminal.app import TerminalApp
from tintype_tui.widgets.image import Drawing, ImageView, Wanted, draw


def encoded(image: Image.Image, format: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, format)
    return out.getvalue()


@pytest.fixture
def halves() -> bytes:
    """160×120: red on the left, blue on the right."""
    image = Image.new("RGB", (160, 120), (200, 0, 0))
    ImageDraw.Draw(image).rectangle((80, 0, 159, 119), fill=(0, 0, 200))
    return encoded(image)


@pytest.fixture
def grey() -> bytes:
    """90×90, all of it grey."""
    return encoded(Image.new("RGB", (90, 90), (128, 128, 128)))


class OneImage(Screen[None]):
    CSS = "ImageView { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Wanted] = []
        self.pending: list[tuple[ImageView, Wanted]] = []
        self.by_hand = False

    def compose(self) -> ComposeResult:
        yield ImageView()

    @on(ImageView.Wants)
    def draw_image(self, event: ImageView.Wants) -> None:
        self.asked.append(event.wanted)
        if self.by_hand:
            self.pending.append((event.image, event.wanted))
        else:
            self.draw(event)

    @work(exclusive=True)
    async def draw(self, event: ImageView.Wants) -> Drawing:
        drawing = await draw(event.wanted)
        event.image.show(drawing, event.wanted)
        return drawing


class Dialog(ModalScreen[None]):
    pass


class ImageApp(TerminalApp[None]):
    """`asked` is every wish; `app.image.drawing` what is shown."""

    def on_mount(self) -> None:
        self.only = OneImage()
        self.push_screen(self.only)

    @property
    def image(self) -> ImageView:
        return self.only.query_one(ImageView)

    def ask_something(self) -> None:
        self.push_screen(Dialog())


@pytest.fixture
def app() -> ImageApp:
    return ImageApp()
