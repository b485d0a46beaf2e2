from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import torch

import pyg_liesym

OPERATOR = re.compile(r"custom_op\(\s*\"(pyg_liesym::\w+)\"")


def test_operators_have_names_of_their_own() -> None:
    package = Path(pyg_liesym.__file__).parent
    found: Counter[str] = Counter()
    for file in sorted(package.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        names = OPERATOR.findall(text)
        assert len(names) == text.count("custom_op("), f"{file} has an operator whose name this test cannot read"
        found.update(names)
        if names:
            import_module(".".join(["pyg_liesym", *file.relative_to(package).with_suffix("").parts]))
    assert found
    assert set(found.values()) == {1}, f"operators of one name: {found}"
    for name in found:
        assert hasattr(torch.ops.pyg_liesym, name.partition("::")[2])
