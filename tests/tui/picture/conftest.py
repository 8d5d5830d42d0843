"""Pictures, and an app with nothing but a picture widget."""

import io

import pytest
from PIL import Image, ImageDraw
from textual import on
from textual.app import ComposeResult
from textual.screen import ModalScreen, Screen

from tintype_tui.terminal.app import TerminalApp
from tintype_tui.widgets.picture import Drawing, Picture, Wanted, draw


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


class OnePicture(Screen[None]):
    CSS = "Picture { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Wanted] = []
        self.pending: list[tuple[Picture, Wanted]] = []
        self.by_hand = False

    def compose(self) -> ComposeResult:
        yield Picture()

    @on(Picture.Wants)
    def draw_picture(self, event: Picture.Wants) -> None:
        self.asked.append(event.wanted)
        if self.by_hand:
            self.pending.append((event.picture, event.wanted))
        else:
            self.run_worker(self.drawn(event), group=event.group, exclusive=True)

    async def drawn(self, event: Picture.Wants) -> Drawing:
        drawing = await draw(event.wanted)
        event.picture.show(drawing, event.wanted)
        return drawing


class Dialog(ModalScreen[None]):
    pass


class PictureApp(TerminalApp[None]):
    """`asked` is every wish; `app.picture.drawing` what is shown."""

    def on_mount(self) -> None:
        self.only = OnePicture()
        self.push_screen(self.only)

    @property
    def picture(self) -> Picture:
        return self.only.query_one(Picture)

    def ask_something(self) -> None:
        self.push_screen(Dialog())


@pytest.fixture
def app() -> PictureApp:
    return PictureApp()
