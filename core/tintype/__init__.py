"""Tintype: fine-tune vision-language models, as a library."""

__version__ = "0.1.0"
