"""How are the data spread? Maps that leave their distribution alone."""

from __future__ import annotations

import math

import torch
from scipy.stats import f as fisher
from torch import Tensor

from pyg_liesym.discovery.evidence.directions import LEAVE_PLANE, STEPS, by_ladder, combined, directions_of
from pyg_liesym.discovery.evidence.question import Question, halves, moved, pooled, some

_TESTS, _JUDGES = 48, 96
_JUDGED = 20_000
_LARGEST = 1 << 23
_FEWEST = 1000
_WEIGHED, _MAPS = 4000, 8
_ROUNDS, _STARTS = 8, 3
_REJECTED = 1e-3
_FLOOR = 1e-3
"""Spread below which an axis is not scaled to one, relative to the widest axis."""


class Density(Question):
    r"""The distribution of the data, and the linear maps that leave it alone.

    For every test function, :math:`E[\nabla\varphi(z) \cdot L z] = 0` where L is a symmetry of the density (its weak
    form; no density is estimated). With cosines of random frequencies on whitened data these means are linear in L,
    :math:`\hat B\, l`, and a span V is the one that minimises

    .. math:: N\, \mathrm{vec}(\hat B V)^\top\, \Omega_V^{-1}\, \mathrm{vec}(\hat B V),

    :math:`\Omega_V` being the covariance of the same means *at V* (the continuously updated GMM of Hansen, Heaton and
    Yaron, 1996): on thin sets it is small where V is right, which is what makes the answer precise there. Claims are
    judged at finite g, on samples kept aside, by how far the means of other cosines move: the square less the variance
    that chance gives it, each cosine weighted by what random maps change of its mean on the samples that were fitted.
    The bootstrap draws cosines as it draws samples.

    Args:
        vectors: Samples of vectors that move together.
        scalars: Numbers of the samples that nothing moves.
        span: Matrices among which to look.
        units: The independent unit of every sample.
        generator: Draws the halves and the frequencies.

    Shapes:
        - **vectors**: :math:`(S, V, n)`; **scalars**: :math:`(S, F)`; **span**: :math:`(P, n, n)`; **units**:
          :math:`(S)`
    """

    name = "density"

    def __init__(
        self, vectors: Tensor, scalars: Tensor, span: Tensor, units: Tensor, generator: torch.Generator
    ) -> None:
        num, self.num_vectors, self.n = vectors.shape
        self.size = self.num_vectors * self.n
        values = torch.cat([vectors.reshape(num, -1), scalars], 1)
        fitted, judged = halves(units, generator, most=(_JUDGED, _JUDGED))
        self.center = values[fitted].mean(0)
        spread, axes = torch.linalg.eigh(torch.cov(values[fitted].mT))
        # No direction is dropped: what leaves a plane that holds all data must show.
        self.whitening = (axes / (spread.clamp(min=0) + _FLOOR**2 * spread[-1]).sqrt()).mT
        kept, self.left = directions_of(span, vectors[fitted])
        self.basis = self.directions = self.yardsticks = kept
        self.ladder = values.new_zeros(len(self.directions))
        self.units = units[judged]
        if len(kept) == 0:
            self.reason = LEAVE_PLANE
            return
        if len(fitted) < 2 * len(kept):
            self.reason = (
                f"{len(kept)} directions of {self.n} × {self.n} matrices need at least {4 * len(kept)} samples, "
                f"half of them to fit, and there are {num}"
            )
            return
        fitted = some(fitted, _LARGEST // (_TESTS * len(kept)), generator)
        if len(fitted) < max(2 * len(kept), min(_FEWEST, num // 2)):
            self.reason = (
                f"{len(self.directions)} directions of {self.n} × {self.n} matrices are too many for this question; "
                "look among fewer (`among`)"
            )
            return
        self._prepare(values[fitted], generator)
        each = (self.moves - self.mean).transpose(1, 2).reshape(-1, _TESTS)
        alike = each.mT @ each / len(each)
        gram = self.mean.mT @ torch.linalg.solve(_regular(alike), self.mean)
        self.start = torch.linalg.eigh((gram + gram.mT) / 2)[1]
        ladder, kept = by_ladder(self.basis, gram)
        self.ladder = torch.cat([ladder, ladder.new_full((len(self.left),), torch.inf)])
        self.directions = torch.cat([kept, self.left])
        self._spans: dict[int, Tensor] = {}
        self._objectives: dict[int, float] = {}
        self.judged = values[judged]
        self.waves = self._waves(_JUDGES, (0.5, 3.0), generator)
        self.means = self._cosines(self.judged)
        importance = self._importance(values[some(fitted, _WEIGHED, generator)], generator)
        self.generator, self.importance = generator, importance[:, None]
        self.units = pooled(self.units, generator)

    def _prepare(self, values: Tensor, generator: torch.Generator) -> None:
        """What every direction does to the mean of every test function, sample by sample: ``[S, M, R]``."""
        frequencies, phases = self._waves(_TESTS, (0.4, 1.6), generator)
        slopes = -torch.sin((values - self.center) @ self.whitening.mT @ frequencies.mT + phases)
        gradients = (frequencies @ self.whitening)[:, : self.size].view(_TESTS, self.num_vectors, self.n)
        vectors = values[:, : self.size].unflatten(1, (self.num_vectors, self.n))
        lowered = torch.einsum("mva,rab->mrvb", gradients, self.directions).flatten(2)
        # [S, M R] at once: a matrix product is several times as fast as a sum over three tensors.
        products = vectors.flatten(1) @ lowered.flatten(0, 1).mT
        self.moves = products.view(len(values), _TESTS, -1).mul_(slopes[:, :, None])
        self.mean = self.moves.mean(0)

    def _importance(self, values: Tensor, generator: torch.Generator) -> Tensor:
        """What random maps change of the mean of every cosine, squared, as weights of the cosines, ``[M]``."""
        here, squares = self._cosines(values), []
        for g in torch.linalg.matrix_exp(STEPS[0] * combined(self.directions[: len(self.basis)], _MAPS, generator)):
            change = self._cosines(moved(values, g, self.size)) - here
            squares.append((change.mean(0).square() - change.var(0) / len(values)).double())
        sizes = torch.stack(squares).median(0).values.clamp(min=0)
        return sizes / sizes.sum() if float(sizes.sum()) > 0 else torch.full_like(sizes, 1 / len(sizes))

    def _waves(self, count: int, scales: tuple[float, float], generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Frequencies of all directions and of a range of sizes, and phases."""
        low, high = (math.log(1.5 * scale) for scale in scales)
        direction = torch.randn(count, len(self.whitening), generator=generator, dtype=torch.float64)
        sizes = torch.linspace(low, high, count, dtype=torch.float64).exp()
        phases = 2 * math.pi * torch.rand(count, generator=generator, dtype=torch.float64)
        return sizes[:, None] * direction / direction.norm(dim=1, keepdim=True), phases

    def _cosines(self, values: Tensor) -> Tensor:
        frequencies, phases = self.waves
        # Single precision: what chance makes of a mean of cosines is far above its rounding.
        whitened = ((values - self.center) @ self.whitening.mT).float()
        return torch.addmm(phases.float(), whitened, frequencies.mT.float()).cos_()

    def _covariance(self, span: Tensor) -> Tensor:
        """Covariance of the means of the test functions along the vectors of a span, ``[M K, M K]``."""
        moves = (self.moves @ span).flatten(1)
        mean = moves.mean(0)
        covariance: Tensor = moves.mT @ moves / len(moves) - mean[:, None] * mean
        return covariance

    def span(self, dim: int) -> Tensor:
        """See :meth:`Question.span`."""
        if dim > len(self.basis):
            return torch.cat([self.basis, self.left])[:dim]
        if dim not in self._spans:
            starts = [self.start[:, :dim]]
            if dim == 1:
                starts = [self.start[:, k : k + 1] for k in range(min(_STARTS, len(self.start)))]
            best = min((self._descend(start) for start in starts), key=lambda pair: pair[0])
            self._objectives[dim] = best[0]
            self._spans[dim] = torch.einsum("rk,rab->kab", best[1], self.basis)
        return self._spans[dim]

    def _descend(self, span: Tensor) -> tuple[float, Tensor]:
        """The objective and the span that linear steps with a covariance that follows them lead to, ``[R, K]``."""
        size, dim = span.shape
        value, root = self._objective(span)
        for _ in range(_ROUNDS):
            others = torch.linalg.svd(span, full_matrices=True)[0][:, dim:]
            if others.size(1) == 0:
                break
            along = self.mean @ others
            system = torch.einsum("mo,kl->mkol", along, torch.eye(dim, dtype=along.dtype))
            system = system.reshape(len(along) * dim, -1)
            system = torch.linalg.solve_triangular(root, system, upper=False)
            now = torch.linalg.solve_triangular(root, (self.mean @ span).reshape(-1, 1), upper=False)
            step = others @ torch.linalg.lstsq(system, -now).solution.view(size - dim, dim)
            for shorter in (1.0, 0.5, 0.25, 0.125):
                candidate = torch.linalg.qr(span + shorter * step)[0]
                there, there_root = self._objective(candidate)
                if there < value:
                    break
            if there >= value * (1 - 1e-6):
                break
            span, value, root = candidate, there, there_root
        return value, span

    def _objective(self, span: Tensor) -> tuple[float, Tensor]:
        covariance = _regular(self._covariance(span))
        root = torch.linalg.cholesky(covariance)
        means = torch.linalg.solve_triangular(root, (self.mean @ span).reshape(-1, 1), upper=False)
        return len(self.moves) * float(means.square().sum()), root

    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        """See :meth:`Question.defect`."""
        change = self._cosines(moved(self.judged, g, self.size)) - self.means
        sums, sizes = self.by_unit(change).double(), self.by_unit(self.judged.new_ones(len(change), 1))
        mean = sums.sum(0) / len(change)
        centred = sums - sizes * mean
        variance = centred.square().sum(0) / len(change) ** 2
        total = weights @ sizes
        # Of the mean's own square a part is chance, so that its length is shrunk where it multiplies a deviation:
        # else the bootstrap would count that chance twice.
        importance = self._redrawn(len(weights))
        square, above = mean.square() @ importance, (mean.square() - variance) @ importance
        shrunk = (above.clamp(min=0) / square.clamp(min=1e-300)).sqrt()
        apart = weights @ centred / total
        uneven = ((weights.square() @ sizes) / total.square())[:, 0]
        chance = (len(change) * uneven - 1) * (variance @ importance)
        moved_apart = (apart * (2 * shrunk[:, None] * mean + apart) * importance.mT).sum(1)
        defect: Tensor = above + moved_apart - chance
        return defect

    def _redrawn(self, draws: int) -> Tensor:
        """Weights of the cosines, ``[M, B]``: as they are, then those of a Bayesian bootstrap over cosines.

        Which cosines were drawn is a chance like the samples', of which bounds have to know.
        """
        missing = draws - self.importance.size(1)
        if missing > 0:
            random = torch.rand(len(self.importance), missing, generator=self.generator, dtype=torch.float64)
            drawn = -random.clamp(min=1e-12).log() * self.importance[:, :1]
            self.importance = torch.cat([self.importance, drawn / drawn.sum(0)], 1)
        return self.importance[:, :draws]

    def undecided(self) -> bool:
        """Whether the samples that were fitted do not reject the best direction, by Hotelling's T²."""
        self.span(1)
        freedom = len(self.mean) - len(self.basis) + 1
        count = len(self.moves)
        left = count - freedom
        if freedom < 1 or left < 1:
            return True
        return bool(fisher.sf(self._objectives[1] * left / (freedom * count), freedom, left) >= _REJECTED)

    def resolution(self, weights: Tensor) -> Tensor:
        """See :meth:`Question.resolution`."""
        return weights.new_zeros(len(weights))


def _regular(covariance: Tensor) -> Tensor:
    return covariance + 1e-10 * covariance.trace() / len(covariance) * torch.eye(
        len(covariance), dtype=covariance.dtype
    )
