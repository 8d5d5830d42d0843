"""`help()` shows what a field means, and nobody pays for it before it is asked for."""

import dataclasses
import inspect
import pickle
import pydoc
import sys

from tintype import library
from tintype.assessment import Assessment
from tintype.detection import Box
from tintype.library.field_docs import FieldDocs, field_texts
from tintype.prompting import Reply
from tintype.rules import Problem


def test_help_shows_what_a_field_means() -> None:
    text = pydoc.plain(pydoc.render_doc(Reply))

    assert "From the question to the first text." in text
    assert (
        inspect.getdoc(vars(Problem)["line"]) == "1-based physical line; 0 is the file as a whole."
    )


def test_every_documented_field_of_the_results_is_shown() -> None:
    for owner in (Assessment, Problem, Reply, Box):
        for name, text in field_texts(owner):
            assert inspect.getdoc(getattr(owner, name)) == text


def test_values_are_what_they_were() -> None:
    problem = Problem(3, "", "error", "a_rule", "Wrong.")

    assert dataclasses.replace(problem, line=4).line == 4
    assert pickle.loads(pickle.dumps(problem)) == problem
    assert list(Problem.__slots__) == [field.name for field in dataclasses.fields(Problem)]


def test_nothing_is_read_before_it_is_asked_for() -> None:
    @dataclasses.dataclass(slots=True)
    class Later:
        """Something."""

        one: int = 0
        """What one is."""

    docs = FieldDocs(Later)
    assert dict.__getitem__(docs, "one") is None
    assert docs["one"] == "What one is."


def test_all_dataclasses_that_the_public_api_imports_are_covered() -> None:
    assert library
    uncovered = {
        f"{module.__name__}.{value.__name__}"
        for name, module in list(sys.modules.items())
        if name.startswith("tintype.library") or name in ("tintype.rules.problem", "tintype.quote")
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == name
        and isinstance(value.__dict__.get("__slots__"), tuple)
    }
    assert uncovered == set()
