"""Trilens: every action of an AI system through three lenses, and one record that anyone can check."""

from importlib.metadata import version

__version__ = version("trilens")
