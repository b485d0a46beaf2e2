"""What ``liesym tag`` does with one file, in whatever process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.cli.files import pieces
from pyg_liesym.cli.many_files import Made, check_same, is_made_from, note
from pyg_liesym.cli.scores import device_of, scores_of
from pyg_liesym.datasets.io.jet_files import find_schema, open_jet_file
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.score_writer import read_scores, score_writer
from pyg_liesym.systems.checkpoint import find_tagger
from pyg_liesym.systems.pretrained import Tagger
from pyg_liesym.systems.training_range import TrainingRange


class Request(NamedTuple):
    """What is asked for of every file.

    Attributes:
        model: Which tagger; None for the default.
        fingerprint: Of that tagger, where the command was given.
        tree: Name of the tree in ROOT files.
        schema: What the columns of the files mean; None to find out.
        device: Where to compute.
        batch_size: Jets that are computed at once.
        chunk_size: Jets that are read at once.
        skip: Whether a file that is scored already is left.
        run: Number of this command, so that what it has done itself does not count as skipped.
        progress: Whether to show a bar of the jets of a file.
    """

    model: str | None
    fingerprint: str
    tree: str | None
    schema: JetSchema | None
    device: str
    batch_size: int
    chunk_size: int
    skip: bool
    run: str
    progress: bool


def tag_file(path: Path, out: Path, *, request: Request, report: Callable[[int], Any]) -> Made:
    """Write the scores of one file, unless they are there.

    Args:
        path: The file of jets.
        out: The file of scores.
        request: What is asked for.
        report: Told how many jets have their scores, piece by piece.

    Raises:
        ValueError: If the file cannot be read, or changes meanwhile; there are no scores then.
    """
    tagger = _tagger(request.model, request.fingerprint, request.device)
    schema = _schema(path, tagger, request)
    made = {"tagger": request.fingerprint, "reading": repr(schema)}
    if request.skip and (there := _scored(path, out, made)) is not None:
        return Made(there["jets"], skipped=there.get("run") != request.run)
    told = note(path, request.run, **made)
    source = open_jet_file(path, schema)
    told["jets"] = source.num_jets
    check, place = TrainingRange(tagger.ranges), device_of(request.device)
    done = 0
    with score_writer(out, tagger.classes, told, events=source.first_jet is not None) as writer:
        for jets in pieces(source, request.chunk_size, f"tagging {path.name}", request.progress):
            seen = jets if tagger.max_constituents is None else jets.truncate(tagger.max_constituents)
            check.add(seen)
            scores = scores_of(tagger, seen, request.batch_size, place)
            writer.extend(scores, _places(source.first_jet, np.arange(done, done := done + len(jets))))
            report(len(jets))
        check_same(path, told)
    unknown = "the tagger's file does not say what the jets of its training were like: whether yours are is unchecked"
    return Made(source.num_jets, warning=check.warning() if tagger.ranges else unknown)


def _places(first_jet: NDArray[np.int64] | None, jets: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The event of some jets and their places in it, ``[J, 2]``; None where every row is a jet."""
    if first_jet is None:
        return None
    event = np.searchsorted(first_jet, jets, side="right") - 1
    return np.stack([event, jets - first_jet[event]], axis=-1)


def _schema(path: Path, tagger: Tagger, request: Request) -> JetSchema:
    """What the tagger reads of a file."""
    found = find_schema(path, request.tree)[1] if request.schema is None else request.schema
    return replace(found, classes=tagger.classes, particle=tagger.particle, weight=None, labelled=False)


def _scored(path: Path, out: Path, made: dict[str, str]) -> dict[str, Any] | None:
    """The note in a file of scores, if it is whole, and of these jets and this tagger."""
    if not out.exists():
        return None
    try:
        columns, noted = read_scores(out)
    except ValueError:  # damaged: made again
        return None
    whole = {len(column) for column in columns.values()} == {noted.get("jets")}
    return noted if whole and is_made_from(path, noted, **made) else None


@lru_cache(maxsize=1)
def _tagger(model: str | None, fingerprint: str, device: str) -> Tagger:
    """The tagger, once a process.

    Raises:
        ValueError: If the one that is found here is another than where the command was given.
    """
    tagger = find_tagger(model)
    if tagger.fingerprint() != fingerprint:
        raise ValueError(f"the tagger {model or 'top'} is another one here than where the command was given")
    tagger.net.to(device_of(device))
    return tagger
