"""``liesym tag``: the scores of a tagger for every jet of a file."""

from __future__ import annotations

import sys
from pathlib import Path


def tag(
    file: Path,
    out: Path,
    model: str | None = None,
    tree: str | None = None,
    device: str = "auto",
    batch_size: int = 64,
    chunk_size: int = 5000,
    progress: bool = True,
) -> None:
    """Write the probability of every class for every jet of a file, in the order of the jets.

    Jets that are unlike those that the tagger was trained on, as in MeV, are scored with a warning; so are all jets
    where the tagger does not say which they were.

    Args:
        file: ROOT, HDF5, npz or npy file of jets; labels are not needed and not read.
        out: The file to write, with `score_<class>` for every class: .root (a tree `scores`, to be a friend of the
            tree of the jets), .h5 or .parquet. A jet without constituents has NaN.
        model: A file of `save_tagger`, a checkpoint of `liesym fit`, or the name of a tagger that comes with the
            package (default: top).
        tree: Name of the tree in a ROOT file (default: `tree`, or the only one).
        device: Where to compute: cpu, cuda, …; auto takes a GPU if there is one.
        batch_size: Jets that are computed at once.
        chunk_size: Jets that are read at once.
        progress: Whether to show a bar.
    """
    from dataclasses import replace

    from pyg_liesym.cli.files import keep_apart, pieces
    from pyg_liesym.cli.scores import device_of, scores_of
    from pyg_liesym.datasets.io.jet_files import find_schema, open_jet_file
    from pyg_liesym.datasets.io.score_writer import score_writer
    from pyg_liesym.systems.checkpoint import find_tagger
    from pyg_liesym.systems.training_range import TrainingRange

    keep_apart([file], out)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    place = device_of(device)
    tagger = find_tagger(model)
    found = find_schema(file, tree)[1]
    wanted = replace(found, classes=tagger.classes, particle=tagger.particle, weight=None, labelled=False)
    source = open_jet_file(file, wanted)
    tagger.net.to(place)
    check = TrainingRange(tagger.ranges)
    with score_writer(out, tagger.classes) as writer:
        for jets in pieces(source, chunk_size, f"tagging {file.name}", progress):
            seen = jets if tagger.max_constituents is None else jets.truncate(tagger.max_constituents)
            check.add(seen)
            writer.extend(scores_of(tagger, seen, batch_size, place))
    unknown = "the tagger's file does not say what the jets of its training were like: whether yours are is unchecked"
    if warning := check.warning() if tagger.ranges else unknown:
        print(f"liesym tag: {warning}", file=sys.stderr)
    print(f"{source.num_jets} jets scored in {out}: {', '.join(tagger.classes)}")


def run(words: list[str]) -> None:
    """Read the words after ``liesym tag`` and run it."""
    from pyg_liesym.cli.parser import call

    call(tag, words, "liesym tag")
