"""Stub to be replaced before commit."""
from pathlib import Path
from .schema import Document
def report(document: Document, path: Path) -> list[str]: return []
