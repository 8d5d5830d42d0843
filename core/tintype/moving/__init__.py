"""Moving on: a job's data and settings at another provider or trainer, and the proof after."""

from tintype.moving.changes import RowChange
from tintype.moving.data import MovedFile, convert, data_of, has_changed, in_form
from tintype.moving.mapping import MappedSetting, MovedSettings, mapped, mapped_to_trainer
from tintype.moving.recipes import BASE, RECIPES, Recipe, recipe_named, write_recipe
from tintype.moving.replacement import (
    Replacement,
    replacement,
    replacement_page,
    replacement_report,
)

__all__ = [
    "BASE",
    "RECIPES",
    "MappedSetting",
    "MovedFile",
    "MovedSettings",
    "Recipe",
    "Replacement",
    "RowChange",
    "convert",
    "data_of",
    "has_changed",
    "in_form",
    "mapped",
    "mapped_to_trainer",
    "recipe_named",
    "replacement",
    "replacement_page",
    "replacement_report",
    "write_recipe",
]
