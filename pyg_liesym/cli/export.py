"""``liesym export``: a tagger for programs without PyTorch."""

from __future__ import annotations

from pathlib import Path


def export(model: str, out: Path) -> None:
    """Write a tagger as an ONNX file that takes one jet, and check it against the network.

    Args:
        model: A file of `save_tagger`, a checkpoint of `liesym fit`, or the name of a packaged tagger.
        out: The file to write, .onnx; its inputs are `p4` and, if the tagger has any, `x`, its output `logits`.
    """
    from pyg_liesym.systems.checkpoint import find_tagger
    from pyg_liesym.systems.onnx import export_onnx, exportable

    if out.suffix != ".onnx":
        raise ValueError(f"expected a file name that ends with .onnx, got {out.name!r}")
    tagger = find_tagger(model)
    if not exportable(tagger.net):
        raise ValueError(f"{model} is a {type(tagger.net).__name__}; only a LieGNN can be exported")
    if tagger.transform is not None:
        raise ValueError(f"{model} has the transform {tagger.transform}, which an ONNX file would not have")
    export_onnx(tagger.net, out)
    print(f"{out}: logits of {', '.join(tagger.classes)}")


def run(words: list[str]) -> None:
    """Read the words after ``liesym export`` and run it."""
    from pyg_liesym.cli.parser import call

    call(export, words, "liesym export")
