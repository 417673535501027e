"""Data sets of knees on disk: format, reader, writer and builders. See docs/dataset.md."""

from recon.dataset.case import KneeCase
from recon.dataset.manifest import VIEWS, CaseEntry, Manifest, Person, Settings
from recon.dataset.reader import Dataset
from recon.dataset.writer import CaseContent, write_case, write_dataset

__all__ = [
    "VIEWS",
    "CaseContent",
    "CaseEntry",
    "Dataset",
    "KneeCase",
    "Manifest",
    "Person",
    "Settings",
    "write_case",
    "write_dataset",
]
