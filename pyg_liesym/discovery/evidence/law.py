"""What does the output depend on? Maps with which a fitted law commutes."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.directions import LEAVE_PLANE, by_ladder, directions_of
from pyg_liesym.discovery.evidence.question import Question, halves, moved, pooled, some
from pyg_liesym.discovery.evidence.regression import TwinFits

_MOST = 6000
_JUDGED, _MOVED = 3000, 1500
"""Samples that tell what the fits miss; those that are moved, whose chance is far less than what is measured."""
_DERIVATIVES = 1000
_EXPLAINED = 0.02
_KNOWN = 0.2
_FEWEST = 10
"""Samples for each input from which on a fit that explains nothing is evidence that there is nothing."""
_ROUGHER = 2.5
"""How many times a misfit may be rougher than the difference of the fits."""
_SURE = 2.0
"""Standard errors from which on a misfit is one."""


class Law(Question):
    r"""A law :math:`y = f(x)` fitted to the samples, and the linear maps with which it commutes.

    The ladder is that of the Lie derivative, :math:`E|Df \cdot L x - L f|^2`, of a fit to one half of the samples.
    Claims are judged at finite g by two fits to disjoint parts of the other half (`TwinFits`), none of which knows the
    noise to which the matrices were fitted, by the mean product of what they say at inputs of the first half,

    .. math:: E\bigl[\bigl(g^{-1} f_1(g x) - f_1(x)\bigr) \cdot \bigl(g^{-1} f_2(g x) - f_2(x)\bigr)\bigr],

    from which their independent errors drop out. Its bounds have the errors of the fits in them, by a bootstrap of
    their residuals. Moved samples that leave the inputs known to the fits are not judged.
    What both fits miss alike stays in that product, and could make a symmetry or break one. It is measured by the
    products of their residuals at neighbouring inputs, where noise drops out (a lack-of-fit test without replicates).

    Args:
        inputs: Vectors of x.
        vectors: Vectors of y, which move with x.
        scalars: Numbers of y, which nothing moves; of labels, one column a class.
        span: Matrices among which to look.
        units: The independent unit of every sample.
        generator: Draws the sets and the features.

    Shapes:
        - **inputs**: :math:`(S, V_x, n)`; **vectors**: :math:`(S, V_y, n)`; **scalars**: :math:`(S, F)`; **span**:
          :math:`(P, n, n)`; **units**: :math:`(S)`

    Attributes:
        explained: R² of one of the two fits on the half that it does not know.
        missed: The mean square that both fits miss of the law, and its standard error.
    """

    name = "law"
    one_way = True

    def __init__(
        self,
        inputs: Tensor,
        vectors: Tensor,
        scalars: Tensor,
        span: Tensor,
        units: Tensor,
        generator: torch.Generator,
    ) -> None:
        self.n, self.num_moved = inputs.size(2), vectors.size(1) * vectors.size(2)
        fitted, judged = halves(units, generator, most=(2 * _MOST, _JUDGED))
        own = _renumbered(units[fitted])
        one, two = halves(own, generator)
        x, y = inputs.flatten(1), torch.cat([_as_one_unit(vectors), _standardised(scalars)], 1)
        first, second = fitted[one], fitted[two]
        self.fits = TwinFits((x[first], y[first], own[one]), (x[second], y[second], own[two]), generator)
        self.judged = x[judged]
        said = self.fits.said(self.fits.features(self.judged))
        self.said = said[0][:, 0], said[1][:, 0]
        moving = some(torch.arange(len(judged)), _MOVED, generator)
        self.moving, self._said = self.judged[moving], (said[0][moving], said[1][moving])
        self.units = units[judged[moving]]
        variance = (y[judged] - y[judged].mean(0)).square().sum(1).mean()
        self.explained = float(1 - (self.said[0] - y[judged]).square().sum(1).mean() / variance.clamp(min=1e-300))
        kept, left = directions_of(span, inputs[judged])
        self.directions, self.yardsticks = torch.cat([kept, left]), kept
        self.ladder = x.new_zeros(len(self.directions))
        if len(kept) == 0:
            self.reason = LEAVE_PLANE
            return
        if self.explained < _EXPLAINED:
            self.reason = (
                f"a fit explains {100 * max(self.explained, 0):.0f} % of y: y does not depend on x, or too little for "
                "these samples to show how"
            )
            if len(first) < _FEWEST * x.size(1):
                self.reason = f"{len(first)} samples, a quarter of all, are too few to fit a law of {x.size(1)} numbers"
            return
        self.missed = self._missed(y[judged], units[judged])
        third = self.fits.third(self.judged, y[judged])
        ladder, kept = by_ladder(kept, self._gram(kept, x[some(judged, _DERIVATIVES, generator)], third))
        self.ladder = torch.cat([ladder, ladder.new_full((len(left),), torch.inf)])
        self.directions, self.yardsticks = torch.cat([kept, left]), kept
        self.units = pooled(self.units, generator)

    def _missed(self, y: Tensor, units: Tensor) -> tuple[float, float]:
        """The mean square that both fits miss of the law, and its standard error.

        Noise of neighbours is independent, and so are the errors of the two fits: what is left of the product of
        their residuals is what both of them miss.
        """
        one, two = (y - said for said in self.said)
        places = self.fits.coordinates(self.judged)
        apart = torch.cdist(places, places).masked_fill(units[:, None] == units, torch.inf)
        nearest = apart.argmin(1)
        products = ((one * two[nearest]).sum(1) + (two * one[nearest]).sum(1)) / 2
        return float(products.mean()), float(products.std() / len(products) ** 0.5)

    def _gram(self, directions: Tensor, x: Tensor, weights: Tensor) -> Tensor:
        """Mean products of the Lie derivatives of directions."""
        flat = self._derivatives(x, directions, weights).flatten(1)
        return flat @ flat.mT / len(x)

    def _derivatives(self, x: Tensor, directions: Tensor, weights: Tensor) -> Tensor:
        """Lie derivatives of a fit along directions, ``[R, S, K]``."""
        moved = (x.unflatten(1, (1, -1, self.n)) @ directions.mT).flatten(2)
        said = self.fits.predict(x, weights)
        turned = torch.stack([self._act(said, matrix) for matrix in directions])
        return torch.einsum("skd,spd->psk", self.fits.jacobian(x, weights), moved) - turned

    def _act(self, outputs: Tensor, matrix: Tensor) -> Tensor:
        """A linear map of the vectors among the outputs, zero for the others."""
        moved = (outputs[:, : self.num_moved].reshape(-1, self.n) @ matrix.mT).reshape(len(outputs), self.num_moved)
        return torch.cat([moved, torch.zeros_like(outputs[:, self.num_moved :])], 1)

    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        """See :meth:`Question.defect`."""
        inputs = self.moving.size(1)
        onward, back = (g, g) if len(g) == self.n else (g[:inputs, :inputs], g[inputs:, inputs:])
        features = self.fits.features(moved(self.moving, onward, inputs))
        known = self.fits.known(features)
        if float(known.double().mean()) < _KNOWN:
            return weights.new_full((len(weights),), torch.nan)
        back = torch.linalg.inv(back)
        one, two = (
            moved(there.flatten(0, 1), back, self.num_moved).view(there.shape) - here
            for there, here in zip(self.fits.said(features), self._said, strict=True)
        )
        products = torch.cat([(one * two).sum(2), torch.ones_like(one[:, :1, 0])], 1)
        sums = weights @ self.by_unit(products * known[:, None])
        # The first weights are those of the estimate; the others, resamples, go with resampled fits in turn.
        turns = torch.arange(len(weights)) - 1
        fits = torch.where(turns < 0, 0, 1 + turns % (one.size(1) - 1))
        return sums.gather(1, fits[:, None])[:, 0] / sums[:, -1]

    def resolution(self, weights: Tensor) -> Tensor:
        """See :meth:`Question.resolution`."""
        return self.average((self._said[0] - self._said[1])[:, 0].square().sum(1), weights) / 2

    def misfit(self, yardstick: float) -> float:
        """See :meth:`Question.misfit`."""
        missed, error = self.missed
        return float((missed / yardstick) ** 0.5) if missed > _SURE * error else 0.0

    def unit(self) -> float | None:
        """The mean square of what the law says."""
        return float(self.said[0].square().sum(1).mean())

    def blind(self, yardstick: float) -> float:
        """What the fits may miss breaks symmetries of its own."""
        return 1.5 * float((self._may_miss() / yardstick) ** 0.5)

    def undecided(self) -> bool:
        """Whether the best direction's Lie derivative may be that of a misfit, which a derivative enlarges.

        A misfit is taken to be as rough as the difference of the fits, within a factor of 2.5.
        """
        x = self.judged[:_DERIVATIVES]
        one, two = (self._derivatives(x, self.directions[:1], weights) for weights in self.fits.weights)
        apart = self.said[0][:_DERIVATIVES] - self.said[1][:_DERIVATIVES]
        roughness = float((one - two).square().sum() / apart.square().sum().clamp(min=1e-300))
        return float(self.ladder[0]) <= _ROUGHER**2 * roughness * self._may_miss()

    def _may_miss(self) -> float:
        missed, error = self.missed
        return max(missed, 0.0) + _SURE * error


def _as_one_unit(vectors: Tensor) -> Tensor:
    """Vectors as columns, over their common root mean square."""
    size = vectors.square().mean().sqrt() if vectors.numel() else vectors.new_ones(())
    return vectors.flatten(1) / size.clamp(min=1e-300)


def _standardised(scalars: Tensor) -> Tensor:
    centred = scalars - scalars.mean(0)
    return centred / centred.square().mean(0).sqrt().clamp(min=1e-300)


def _renumbered(units: Tensor) -> Tensor:
    numbers: Tensor = torch.unique(units, return_inverse=True)[1]
    return numbers
