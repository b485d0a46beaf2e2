"""The law of the floors: imports only go down, siblings keep apart; no way back through a package, no ring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
TOP = "pyg_liesym"
FLOORS: dict[str, tuple[set[str], ...]] = {
    # The floors of the package, then those inside its larger parts. Lowest first; siblings share a line.
    "": (
        {"lazy", "progress", "typing", "writing"},
        {"crew", "lie"},
        {"field", "metrics"},
        {"nn", "discovery", "datasets", "transforms"},
        {"systems", "plot", "testing"},
        {"cli"},
    ),
    "crew": (
        {"crew"},
        {"cluster", "processes"},
        {"hiring"},
    ),
    "nn": (
        {"autocast", "relaxable"},
        {"dense", "field", "message"},
        {"baselines", "conv"},
        {"models"},
    ),
    "nn.dense": (
        {"equivariant_linear", "hamiltonian_network"},
        {"equivariant_bilinear"},
        {"equivariant_mlp"},
    ),
    "nn.message": (
        {"asked"},
        {"edges", "formula", "invariants", "metric", "products", "reduce", "schema", "tiles", "watched"},
        {"edge_sums", "operands"},
        {"fused"},
        {"gpu"},
        {"cuts", "plain", "tile_maps", "tile_scalars"},
        {"moments", "neighbours", "sums", "tile_channels"},
        {"channel_sums"},
        {"edge_map"},
    ),
    "nn.field": (
        {"kernels"},
        {"field_activation", "field_norm", "group_pool", "lattice_conv", "soft_relu"},
        {"field_conv2d", "relaxed_translation_conv2d", "scaling_conv2d"},
        {"group_conv2d", "riesz_conv2d", "scale_conv2d", "steerable_conv2d"},
    ),
    "datasets": (
        {"io", "packed_graphs", "samples"},
        {"packing", "simulation"},
        {"loader"},
        {"bodies", "flows", "jets", "molecules", "pictures"},
    ),
    "datasets.io": (
        {"files", "jet_arrays", "jet_class_2", "momenta", "pickled_names", "yaml_fields"},
        {"labels", "schema"},
        {"assembly", "download", "geographic_grid", "hdf5", "jet_file", "npy", "tables", "tensors"},
        {
            "array_order",
            "array_table",
            "column_groups",
            "notes",
            "pandas_table",
            "parquet_table",
            "places",
            "root_table",
        },
        {"current_writer", "links", "root_writer", "score_writer"},
        {"jet_rows"},
        {"mapped_jets"},
        {
            "array_jets",
            "current_files",
            "energyflow",
            "ephemeris",
            "lorentznet",
            "pictures",
            "point_flows",
            "qm9pack",
            "root",
            "top_tagging",
            "wind_files",
        },
        {"jet_files"},
        {"proposal"},
    ),
    "discovery": (
        {"flow_terms", "folder", "mask", "report", "samples", "stopping", "weight_sharing"},
        {"discriminator", "evidence", "flow_fits", "group_distribution", "predictor", "training"},
        {"agreement", "flow_findings", "group_module", "record", "shard_sums"},
        {"liegan_module", "shards", "verdict"},
        {"discovered_symmetry"},
        {"findings", "method"},
        {"augerino", "lie_gg", "liegan", "msr", "symmetry_gan"},
    ),
    "discovery.evidence": (
        {"claim", "element", "lift", "question"},
        {"directions", "polynomials", "regression"},
        {"moments", "yardstick"},
        {"density", "law", "relations", "trial"},
        {"support"},
        {"asking"},
    ),
    "cli": (
        {"twins"},
        {
            "endings",
            "files",
            "flow_networks",
            "flow_recording",
            "many_files",
            "parser",
            "sample_files",
            "scores",
            "settings",
            "train_help",
        },
        {"convert_file", "forecast_skill", "layouts", "page", "tag_file"},
        {"forecast_report", "symmetry_report", "tagging_report"},
        {"broken_networks", "prediction_report"},
        {"broken", "compare", "convert", "data", "discover", "export", "forecast", "info", "simulate", "tag", "train"},
        {"reproduce"},
        {"demo", "results"},
        {"main"},
    ),
}
# Where a function may import our own modules, and why. Such an import counts like any other for floors and rings.
DEFERRED = {
    "cli": "a command loads what it needs when it runs, so that `liesym --help` and completion answer at once",
    "nn.message.gpu": "Triton is loaded where there is a GPU alone",
}
# What still breaks the law, as `violations` says it without the line number. It only shrinks.
KNOWN: set[str] = set()


class Import(NamedTuple):
    """One name that one statement brings in."""

    line: int
    target: str
    is_package: bool
    deferred: bool


def resolve(root: Path, module: str, name: str | None) -> tuple[str, bool]:
    """The module that an import statement reaches, and whether it is a package."""
    candidates = [module] if name is None else [f"{module}.{name}", module]
    for dotted in candidates:
        path = root / dotted.replace(".", "/")
        if path.is_dir() or path.with_suffix(".py").exists():
            return dotted, path.is_dir()
    return module, False


def statements(node: ast.AST, deferred: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yields every import statement below a node, and whether it stands in a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, deferred
        yield from statements(child, deferred or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def imported(path: Path, root: Path) -> Iterator[Import]:
    """Yields every import of the package's own modules, those for type checkers and those in functions included."""
    package = path.relative_to(root).with_suffix("").parts[:-1]
    for node, deferred in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names: list[tuple[str, str | None]] = [(alias.name, None) for alias in node.names]
        else:
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, [base, node.module or ""]))
            names = [(module, alias.name) for alias in node.names if alias.name != "__version__"]
        for module, name in names:
            if module.split(".")[0] == TOP:
                yield Import(node.lineno, *resolve(root, module, name), deferred)


def misplaced(own: str, target: str) -> Iterator[str]:
    """What is wrong with one import, on the floors of the package and on those inside the part that both share."""
    for part, floors in FLOORS.items():
        prefix = f"{TOP}.{part}." if part else f"{TOP}."
        if not (own.startswith(prefix) and target.startswith(prefix)):
            continue
        level = {room: floor for floor, rooms in enumerate(floors) for room in rooms}
        here, there = own.removeprefix(prefix).split(".")[0], target.removeprefix(prefix).split(".")[0]
        if here != there and here in level and level.get(there, len(floors)) >= level[here]:
            where = "the same floor" if level.get(there) == level[here] else "a floor above"
            yield f"{here} imports {target}, which is on {where}"


def homeless(own: str) -> Iterator[str]:
    """The rooms on the way to a module that have no floor."""
    for part, floors in FLOORS.items():
        prefix = f"{TOP}.{part}." if part else f"{TOP}."
        room = own.removeprefix(prefix).split(".")[0]
        if own.startswith(prefix) and not any(room in rooms for rooms in floors):
            yield f"{room} has no floor; give it one here and in docs/architecture.md"


def rings(graph: dict[str, set[str]]) -> list[list[str]]:
    """The sets of modules that reach each other, by Tarjan's depth-first search; a module that imports itself too."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = lowest[node] = len(order)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in order:
                visit(target)
            if target in stack:
                lowest[node] = min(lowest[node], lowest[target])
        if lowest[node] == order[node]:
            ring = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(ring) > 1 or node in graph.get(node, ()):
                found.append(sorted(ring))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return sorted(found)


def may_defer(own: str) -> bool:
    """Whether `DEFERRED` has a reason for imports in the functions of a module."""
    return any(f"{own}.".startswith(f"{TOP}.{part}.") for part in DEFERRED)


def violations(root: Path) -> list[tuple[str, str]]:
    """Every breach of the law in the package at ``root / "pyg_liesym"``: what, and where with the line."""
    found = []
    graph: dict[str, set[str]] = {}
    for path in sorted((root / TOP).rglob("*.py")):
        where = str(path.relative_to(root))
        is_init = path.stem == "__init__"
        own = ".".join((path.parent if is_init else path.with_suffix("")).relative_to(root).parts)
        if own == TOP:
            continue  # the front door: it shows names of every floor
        found += [(f"{where}: {complaint}", where) for complaint in homeless(own)]
        for line, target, is_package, deferred in imported(path, root):
            complaints = list(misplaced(own, target))
            if is_package and not (is_init and f"{target}.".startswith(f"{own}.")):
                complaints.append(f"import from the module that defines it, not through {target}")
            if deferred and not may_defer(own):
                complaints.append(f"a function imports {target}; import it at the top, or give a reason in DEFERRED")
            found += [(f"{where}: {complaint}", f"{where}:{line}") for complaint in complaints]
            graph.setdefault(own, set()).add(target)
    return found + [
        (f"a ring of imports: {', '.join(name.removeprefix(f'{TOP}.') for name in ring)}", "") for ring in rings(graph)
    ]


def test_imports_only_go_down() -> None:
    assert [f"{what} ({where})" for what, where in violations(ROOT) if what not in KNOWN] == []


def test_nothing_is_allowed_that_is_not_needed() -> None:
    assert {what for what, _ in violations(ROOT)} >= KNOWN, "mended: take it out of KNOWN"
    deferring = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix(f"{TOP}.") + "."
        for path in (ROOT / TOP).rglob("*.py")
        if any(each.deferred for each in imported(path, ROOT))
    }
    for part in DEFERRED:
        assert any(module.startswith(f"{part}.") for module in deferring), f"DEFERRED: {part} defers nothing"


def test_every_floor_is_inhabited() -> None:
    for part, floors in FLOORS.items():
        folder = ROOT / TOP / part.replace(".", "/")
        missing = [room for rooms in floors for room in rooms if not (folder / room).is_dir()]
        assert [room for room in missing if not (folder / f"{room}.py").exists()] == []


FILES = (
    "__init__", "typing", "lie/__init__", "lie/algebra", "nn/__init__", "nn/conv/__init__", "nn/conv/x",
    "discovery/__init__", "discovery/liegan", "cli/__init__", "cli/files", "cli/data", "cli/tag", "cli/main",
)  # fmt: skip


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("lie/algebra.py", "from pyg_liesym.nn.conv.x import X", "on a floor above"),
        ("nn/conv/y.py", "from pyg_liesym.discovery.liegan import LieGAN", "on the same floor"),
        ("nn/conv/y.py", "from ...discovery.liegan import LieGAN", "on the same floor"),
        ("nn/__init__.py", "from pyg_liesym.discovery.liegan import LieGAN", "on the same floor"),
        ("nn/conv/y.py", "from pyg_liesym.nn.conv import X", "not through pyg_liesym.nn.conv"),
        ("nn/conv/y.py", "from pyg_liesym.nn import conv", "not through pyg_liesym.nn.conv"),
        ("nn/conv/y.py", "from pyg_liesym import LieAlgebra", "not through pyg_liesym"),
        ("nn/conv/y.py", "import pyg_liesym.lie", "not through pyg_liesym.lie"),
        ("nn/__init__.py", "from pyg_liesym.lie import LieAlgebra", "not through pyg_liesym.lie"),
        ("extra/z.py", "import torch", "has no floor"),
        # inside a floor
        ("cli/files.py", "from pyg_liesym.cli.data import run", "data, which is on a floor above"),
        ("cli/tag.py", "from pyg_liesym.cli.data import run", "data, which is on the same floor"),
        ("cli/tag.py", "def f():\n    from pyg_liesym.cli.data import run", "data, which is on the same floor"),
        ("cli/new.py", "import torch", "new has no floor"),
        # in functions, and for type checkers only
        ("nn/conv/y.py", "def f():\n    from pyg_liesym.nn.conv.x import X", "a function imports"),
        ("nn/conv/y.py", "class A:\n    async def f(self):\n        from .x import X", "a function imports"),
        ("cli/main.py", "def f():\n    import pyg_liesym.nn", "not through pyg_liesym.nn"),
        ("lie/algebra.py", "if TYPE_CHECKING:\n    from pyg_liesym.nn.conv.x import X", "on a floor above"),
        # rings
        ("nn/conv/x.py", "from pyg_liesym.nn.conv.x import X", "a ring of imports: nn.conv.x"),
        ("cli/files.py", "def f():\n    from pyg_liesym.cli.files import g", "a ring of imports: cli.files"),
        # all is well
        ("nn/conv/y.py", "from pyg_liesym.lie.algebra import LieAlgebra", None),
        ("nn/conv/y.py", "import pyg_liesym.lie.algebra", None),
        ("nn/conv/y.py", "from pyg_liesym.lie import algebra", None),
        ("nn/conv/y.py", "from .x import X", None),
        ("nn/__init__.py", "from pyg_liesym.nn.conv import X", None),
        ("cli/main.py", "from pyg_liesym import __version__", None),
        ("cli/main.py", "from pyg_liesym.nn.conv.x import X", None),
        ("cli/main.py", "def f():\n    from pyg_liesym.nn.conv.x import X", None),
        ("cli/data.py", "from pyg_liesym.cli.files import write", None),
        ("lie/algebra.py", "import torch\nfrom scipy.linalg import expm", None),
        ("nn/conv/y.py", "def f():\n    import scipy.linalg", None),
    ],
)
def test_checker_catches(tmp_path: Path, module: str, source: str, complaint: str | None) -> None:
    write(tmp_path, dict.fromkeys(FILES, ""))
    write(tmp_path, {module.removesuffix(".py"): source})
    found = [what for what, _ in violations(tmp_path)]
    if complaint is None:
        assert found == []
    else:
        assert len(found) == 1
        assert complaint in found[0]


@pytest.mark.parametrize(
    "sources",
    [
        {"a": "from .b import B", "b": "from .c import C", "c": "from .a import A"},
        {"a": "import pyg_liesym.lie.b", "b": "if TYPE_CHECKING:\n    from .c import C", "c": "from .a import A"},
    ],
)
def test_checker_catches_a_ring_of_three(tmp_path: Path, sources: dict[str, str]) -> None:
    write(tmp_path, {f"lie/{name}": source for name, source in sources.items()} | {"lie/d": "from .a import A"})
    assert [what for what, _ in violations(tmp_path)] == ["a ring of imports: lie.a, lie.b, lie.c"]
    write(tmp_path, {"lie/c": "import torch"})
    assert violations(tmp_path) == []


def write(root: Path, sources: dict[str, str]) -> None:
    """Writes modules of a package of the same name."""
    for name, source in sources.items():
        file = root / TOP / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
