"""Two sample datasets, drawn on the spot: playing cards to detect, book covers to ask about.

They need no network and are nobody's photographs. Importing this draws in Pillow and NumPy.
"""

from tintype.samples.books import make_books
from tintype.samples.cards import make_cards
from tintype.samples.drawing import SampleProgress, SplitCounts

__all__ = ["SampleProgress", "SplitCounts", "make_books", "make_cards"]
