"""``liesym tag``: the scores of a tagger for every jet of a file, or of many."""

from __future__ import annotations

import uuid
from functools import partial
from pathlib import Path
from typing import Literal


def tag(
    files: list[str],
    out: Path,
    model: str | None = None,
    tree: str | None = None,
    schema: Path | None = None,
    device: str = "auto",
    batch_size: int = 64,
    chunk_size: int = 5000,
    suffix: Literal["root", "h5", "parquet"] = "root",
    dask: str | None = None,
    num_workers: int | None = None,
    progress: bool = True,
) -> None:
    """Write the probability of every class for every jet of a file, in the order of the jets; or of many files.

    Of several files each has its file of scores in the folder `out`. One that is scored already is skipped if it is
    whole and of the same jets and tagger; one that cannot be read is named at the end, and the others go on.

    Jets that are unlike those that the tagger was trained on, as in MeV, are scored with a warning; so are all jets
    where the tagger does not say which they were.

    Examples: `liesym tag jets.root scores.root`; `liesym tag 'in/*.root' out/ --num-workers 8`; `liesym tag
    'in/*.root' out/ --dask tcp://node17:8786`.

    Args:
        files: Paths or globs of ROOT, parquet, HDF5, npz or npy files of jets; labels are not needed and not read.
        out: The file to write, with `score_<class>` for every class: .root (a tree `scores`, to be a friend of the
            tree of the jets), .h5 or .parquet; or a folder of such files. A jet without constituents has NaN. Where
            jets are several an event, `event` and `jet` say of every row which it is.
        model: A file of `save_tagger`, a checkpoint of `liesym fit`, or the name of a tagger that comes with the
            package: top (the default), or top-invariant, whose scores are the same in every frame.
        tree: Name of the tree in ROOT files (default: `tree`, or the only one).
        schema: A YAML file that says what the columns of the files mean, as `liesym data info` proposes it.
        device: Where to compute: cpu, cuda, …; auto takes a GPU if there is one.
        batch_size: Jets that are computed at once.
        chunk_size: Jets that are read at once.
        suffix: Format of the files in a folder.
        dask: Where a Dask cluster does it, a task each file: the address of its scheduler, the file that it has
            written (….json), or `local`, workers on this machine. Needs the extra `dask`.
        num_workers: Processes on this machine (default: 1; of `--dask local` one a core).
        progress: Whether to show a bar.
    """
    from pyg_liesym.cli.files import keep_apart, schema_of
    from pyg_liesym.cli.many_files import do_all, names_folder, swept, targets, tell, warn_of
    from pyg_liesym.crew.hiring import hire
    from pyg_liesym.datasets.io.files import find_files

    for name, value in (("batch_size", batch_size), ("chunk_size", chunk_size)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    paths = find_files(files)
    folder = names_folder(out)
    if len(paths) > 1 and not folder:
        raise ValueError(f"{len(paths)} files are written to a folder, a file each; {out} is the name of a file")

    # These take seconds to load; a slip in the words is told before.
    from pyg_liesym.cli.scores import device_of
    from pyg_liesym.cli.tag_file import Request, tag_file
    from pyg_liesym.systems.checkpoint import find_tagger

    wanted = None if schema is None else schema_of(paths, tree, schema)
    if dask is not None:  # the workers may be in other folders
        paths, out = [path.absolute() for path in paths], out.absolute()
        model = str(Path(model).absolute()) if model is not None and Path(model).is_file() else model
    else:
        device_of(device)
    made = targets(paths, out, f".{suffix}") if folder else {paths[0]: out}
    keep_apart(paths, *made.values())
    tagger = find_tagger(model)
    own = progress and not folder and dask is None
    run = uuid.uuid4().hex
    request = Request(model, tagger.fingerprint(), tree, wanted, device, batch_size, chunk_size, folder, run, own)
    with swept(made.values()), hire(dask, num_workers) as crew:
        work = partial(tag_file, request=request)
        done = do_all(crew, work, list(made.items()), "tagging", progress=progress and folder)
    classes = ", ".join(tagger.classes)
    if folder:
        tell("tag", "scored", f"{classes} in {out}", paths, done)
    else:
        scored = done[0].result()
        warn_of("tag", [scored])
        print(f"{scored.num_jets} jets scored in {out}: {classes}")


def run(words: list[str]) -> None:
    """Read the words after ``liesym tag`` and run it.

    Written out because several files in a row are more than the automatic command line of jsonargparse offers.
    """
    from pyg_liesym.cli.parser import Parser

    parser = Parser(prog="liesym tag", description=(tag.__doc__ or "").split("Args:")[0])
    parser.add_argument("files", nargs="+", help="Paths or globs of ROOT, parquet, HDF5, npz or npy files of jets")
    parser.add_argument("out", type=Path, help="The file to write: .root, .h5 or .parquet; or a folder of such files")
    parser.add_function_arguments(tag, skip={"files", "out"})
    tag(**parser.parse_args(words).as_dict())
