"""Other formats of datasets, a module each."""

from tintype.dataset.formats.report import ImportProblem, ImportProgress, ImportReport

__all__ = ["ImportProblem", "ImportProgress", "ImportReport"]
