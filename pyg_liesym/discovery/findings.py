"""Find the symmetry in data by linear algebra: three questions, each with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.discovery.discovered_symmetry import Findings
from pyg_liesym.discovery.evidence.asking import answers
from pyg_liesym.discovery.samples import Noise, OutputKind, Samples
from pyg_liesym.discovery.shards import Shards
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.typing import OptTensor


def find_symmetry(
    x: Any,
    y: Any = None,
    *,
    output: OutputKind = "auto",
    among: LieAlgebra | None = None,
    discrete: bool | Sequence[Tensor] | None = None,
    groups: Sequence[int] | OptTensor = None,
    noise: Noise = 0.0,
    margin: float = 0.05,
    degree: int = 2,
    seed: int = 0,
) -> Findings:
    r"""Find the matrices that leave data alone, by linear algebra, and say how sure that is.

    "Symmetry of data" can mean three things, and the answers may differ:

    - **law**: y given x, :math:`f(g x) = g f(x)`: what an equivariant network assumes (`Law`);
    - **support**: where the data lie, such as mass shells; g maps that set to itself (`Support`);
    - **density**: how the data are spread, which is LieGAN's question; g leaves the distribution alone (`Density`).

    One half of the samples finds the matrices, the other judges them (`pyg_liesym.discovery.evidence.trial.Trial`):
    *certified* is an algebra of which the samples kept aside show that moving along any of its directions breaks at
    most ``margin`` of what random linear maps break that move the data as far. What could merely not be rejected is
    not certified.

    Args:
        x: Vectors ``[S, n]`` or ``[S, v, n]``, on which a matrix acts alike; or `Shards` of x and y that do not fit
            into memory, of which only the support is asked, by sums over them.
        y: Vectors of the same n, class labels ``[S]`` (integers), invariant numbers, or None.
        output: What y is, where its dtype and shape do not tell.
        among: The matrices to look among; all of gl(n) if not given. Of vectors with a last component of one,
            `LieAlgebra.euclidean`, `galilei` or `poincare` have translations.
        discrete: Whether to ask about single transformations too: turns of order 2 … 8, reflections, exchanges of
            coordinates and of vectors, reversal of time; or those to ask about, ``[n, n]`` for every vector or
            ``[V n, V n]`` for the vectors of a sample together. If not given, where no algebra is certified.
        groups: A number for every sample; those of one group (an orbit, an event, a molecule) depend on each other and
            stay on one side.
        noise: Standard deviation of measurement noise, independent and alike on every component of all vectors, in the
            unit of the data; or ``"estimate"``, where the vectors lie on a plane but for noise (`Moments.noise`). It is
            removed from what the support is fitted to; law and density are those of the data as they were measured.
        margin: The breaking up to which a symmetry counts as one.
        degree: Of the polynomials that hold the support: quadrics, cubics (3), or more, of more samples.
        seed: Everything random follows from it.

    Raises:
        TypeError: If x or y is not numeric.
        ValueError: On wrong shapes, NaN, too few samples, too large matrices or noise, noise with a degree above two,
            a degree below two, or a margin outside (0, 1).

    Example:
        >>> x = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0))
        >>> found = find_symmetry(x, x * x.norm(dim=1, keepdim=True))
        >>> print(found.verdict.headline)
        FOUND  so(2): the law keeps it.
    """
    options: dict[str, Any] = {"among": among, "discrete": discrete, "groups": groups, "margin": margin}
    options |= {"degree": degree, "seed": seed}
    samples: Samples
    if isinstance(x, Shards):
        if y is not None:
            raise ValueError("shards hold x and y of their samples: leave out y")
        sharded = x.samples(output)
        options["ask"] = sharded.questions(degree)
        samples = sharded.with_noise(noise)
    else:
        samples = Samples.of(x, y, output=output, dtype=torch.float64).with_noise(noise)
    answered = answers(samples, **options)
    return Findings.of(samples, answered, method="find_symmetry", margin=margin, seed=seed)
