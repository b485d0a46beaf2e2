"""Any network on vector fields, made equivariant to uniform motion and to magnitude."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from pyg_liesym.nn.message.reduce import mean_at_nodes
from pyg_liesym.typing import OptTensor


class Canonicalized(nn.Module):
    r"""A network that sees a vector field at rest and of size one, and whose answer is put back.

    .. math:: w \mapsto c + s\, F\bigl((w - c) / s\bigr), \qquad c = \langle w \rangle, \quad
        s = \langle |w - c|^2 / n \rangle^{1/2},

    with means over all places and frames that the network is given of one item, or over those that a ``mask`` says are
    known: F is given zero where nothing is known, so that land moves along with the water. Both symmetries are those of
    `"Incorporating Symmetry into Deep Dynamics Models for Improved Generalization" <https://arxiv.org/abs/2002.03061>`_
    (Wang, Walters, Yu, ICLR 2021), which conjugates each layer by the mean of a sliding window; here it is
    the whole network, so that it may be any, such as one of PyG on the nodes of a mesh.

    **Law**: with uniform motion, :math:`F(w + c) = F(w) + c`; with magnitude, :math:`F(\lambda w) = \lambda F(w)` for
    :math:`\lambda > 0`; exact in exact arithmetic. Nothing is added to s: a field without motion gives c. What the
    network keeps besides it goes on keeping, if that turns vectors and keeps their lengths.

    Args:
        net: F. It takes the field first and answers with vectors at the same places.
        dim: Components n of a vector.
        uniform_motion: Whether c is the mean, or 0.
        magnitude: Whether s is the size, or 1.
        answer: ``"field"``, or ``"change"`` for what uniform motion leaves as it is, such as the difference of two
            frames, to which c is not added.
        lattice_dims: Axes at the end that are places of a lattice, 2 for images; with 0 the rows are nodes of graphs.

    Shapes:
        - **field**: :math:`(B, \ldots, k n, H, W)` with the components of a vector next to each other, as nodes
          :math:`(N, \ldots, k n)`; **batch**: :math:`(N)`
        - **mask**: :math:`(B, \ldots, k, H, W)` or :math:`(N, \ldots, k)`, True where a vector is known
        - **output**: the same with other numbers of vectors

    Raises:
        ValueError: If the components do not make up vectors, the mask is not one of vectors, or neither symmetry is
            asked for.

    Example:
        >>> net = Canonicalized(nn.Linear(4, 2), dim=2)
        >>> wind = torch.tensor([10.0, 3.0])
        >>> flow = torch.randn(5, 4)
        >>> torch.allclose(net(flow + wind.repeat(2)), net(flow) + wind, atol=1e-5)
        True
    """

    def __init__(
        self,
        net: nn.Module,
        dim: int,
        *,
        uniform_motion: bool = True,
        magnitude: bool = True,
        answer: Literal["field", "change"] = "field",
        lattice_dims: int = 0,
    ) -> None:
        super().__init__()
        if not (uniform_motion or magnitude):
            raise ValueError("expected uniform motion or magnitude to be kept, or both")
        if answer not in ("field", "change"):
            raise ValueError(f"expected `answer` to be 'field' or 'change', got {answer!r}")
        self.net, self.dim, self.answer, self.lattice_dims = net, dim, answer, lattice_dims
        self.uniform_motion, self.magnitude = uniform_motion, magnitude

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        reset(self.net)

    def forward(
        self,
        field: Tensor,
        *args: Any,
        batch: OptTensor = None,
        batch_size: int | None = None,
        mask: OptTensor = None,
        **kwargs: Any,
    ) -> Tensor:
        """Run the network; what is not named here goes to it, and ``batch`` too if there is one.

        The values of vectors that are not known do not matter, and the answer at their places says nothing.
        """
        if batch is not None:
            # Not every network asks for the number of items.
            kwargs |= {"batch": batch} | ({} if batch_size is None else {"batch_size": batch_size})
        vectors, mean, size = self._apart(field).to(torch.promote_types(field.dtype, torch.float32)), None, None
        known = None if mask is None else self._of_vectors(mask, vectors)
        vectors = _at_known(vectors, known)
        if self.uniform_motion:
            mean = self._mean(vectors, known, batch, batch_size)
            vectors = _at_known(vectors - self._like(mean, vectors), known)
        if self.magnitude:
            square = self._mean(vectors.square(), known, batch, batch_size).mean(1, keepdim=True)
            # At zero the root has no slope, and there is nothing to divide.
            size = torch.where(square > 0, square, 1.0).sqrt() * (square > 0)
            vectors = vectors / self._like(torch.where(size > 0, size, 1.0), vectors)
        answer = self._apart(self.net(self._together(vectors).to(field.dtype), *args, **kwargs))
        if size is not None:
            answer = answer * self._like(size, answer)
        if mean is not None and self.answer == "field":
            answer = answer + self._like(mean, answer)
        return self._together(answer).to(field.dtype)

    def _apart(self, field: Tensor) -> Tensor:
        """Vectors and components on axes of their own, ``[N, ..., k, n, *lattice]``."""
        axis = field.dim() - 1 - self.lattice_dims
        if axis < 1 or field.size(axis) % self.dim:
            raise ValueError(
                f"expected vectors of {self.dim} components on axis {axis} of the field, got {list(field.shape)}"
            )
        vectors: Tensor = field.unflatten(axis, (-1, self.dim))
        return vectors

    def _together(self, vectors: Tensor) -> Tensor:
        axis = vectors.dim() - 1 - self.lattice_dims
        return vectors.flatten(axis - 1, axis)

    def _of_vectors(self, mask: Tensor, vectors: Tensor) -> Tensor:
        """The mask with an axis of length one in place of the components."""
        axis = vectors.dim() - 1 - self.lattice_dims
        expected = [*vectors.shape[:axis], *vectors.shape[axis + 1 :]]
        if list(mask.shape) != expected:
            raise ValueError(f"expected a mask of the vectors, {expected}, got {list(mask.shape)}")
        return mask.unsqueeze(axis)

    def _mean(self, vectors: Tensor, known: OptTensor, batch: OptTensor, batch_size: int | None) -> Tensor:
        """The mean of each component in the item of a row, ``[N, n]``; zero where nothing of it is known."""
        rows = vectors.movedim(-1 - self.lattice_dims, -1).flatten(1, -2)
        if known is None:
            mean = rows.mean(1)
            return mean if self.lattice_dims else mean_at_nodes(mean, batch, batch_size)
        counts = known.movedim(-1 - self.lattice_dims, -1).flatten(1, -2).to(rows.dtype)
        mean, share = rows.mean(1), counts.mean(1)
        if not self.lattice_dims:
            mean, share = (mean_at_nodes(each, batch, batch_size) for each in (mean, share))
        return mean / torch.where(share > 0, share, 1.0)

    def _like(self, values: Tensor, vectors: Tensor) -> Tensor:
        """What each row has of each component, beside vectors."""
        inner, places = [1] * (vectors.dim() - 2 - self.lattice_dims), [1] * self.lattice_dims
        return values.view(len(values), *inner, values.size(1), *places)

    def extra_repr(self) -> str:
        """What it keeps."""
        return f"dim={self.dim}, uniform_motion={self.uniform_motion}, magnitude={self.magnitude}"


def _at_known(vectors: Tensor, known: OptTensor) -> Tensor:
    return vectors if known is None else torch.where(known, vectors, 0.0)
