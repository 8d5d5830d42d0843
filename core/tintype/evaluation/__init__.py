"""Evaluation: answers scored, with honest statistics. Pure so far: nothing here asks a model."""
