"""Tensors of a matrix Lie algebra: direct sums of tensor powers of its vectors and covectors."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

_TERM = re.compile(r"(\d*)((?:V\*?)*)")


@dataclass(frozen=True)
class TensorType:
    r"""How the components of a feature transform: a direct sum of tensor powers of V and its dual.

    V is the space on which the matrices of an algebra act. A *word* such as ``"VV*"`` stands for :math:`V \otimes V^*`,
    the empty word for a number that nothing moves. Components follow each other term by term, of each term channel by
    channel, of each channel as a flattened tensor, the last index fastest.

    Args:
        terms: Pairs of a number of channels and a word.

    Example:
        >>> kind = TensorType.of("8 + 2V + VV*")
        >>> kind.terms
        ((8, ''), (2, 'V'), (1, 'VV*'))
        >>> kind.channels(3)  # of vectors of three components
        23
    """

    terms: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, text: str | TensorType) -> TensorType:
        """Read a type from text: terms with a number of channels in front, ``"8 + 2V + VV*"``.

        Raises:
            ValueError: If a term is not a number, V's and V*'s.
        """
        if isinstance(text, TensorType):
            return text
        terms = []
        for term in text.replace(" ", "").split("+"):
            match = _TERM.fullmatch(term)
            if match is None or not term:
                raise ValueError(f"expected a type such as '8 + 2V + VV*', got {text!r}: {term!r} is no term of it")
            terms.append((int(match[1] or 1), match[2]))
        return cls(tuple(terms))

    def channels(self, n: int) -> int:
        """Number of components, of vectors with n of them."""
        return sum(count * n ** rank(word) for count, word in self.terms)

    def matrix(self, g: Tensor) -> Tensor:
        r"""The matrix :math:`\rho(g)` by which an element of the group acts on a feature.

        Shapes:
            - **g**: :math:`(n, n)`; **output**: :math:`(C, C)`

        Example:
            >>> TensorType.of("1 + V*").matrix(2 * torch.eye(2)).diagonal().tolist()
            [1.0, 0.5, 0.5]
        """
        blocks = [power(word, g) for count, word in self.terms for _ in range(count)]
        whole: Tensor = torch.block_diag(*blocks) if blocks else g.new_zeros(0, 0)
        return whole

    def __str__(self) -> str:
        return " + ".join(f"{count if count != 1 or not word else ''}{word}" for count, word in self.terms)


def rank(word: str) -> int:
    """Number of indices of a tensor."""
    return word.count("V")


def power(word: str, g: Tensor) -> Tensor:
    r"""The matrix of an element on one tensor: g for every V, :math:`g^{-\top}` for every V*.

    Example:
        >>> power("VV*", 2 * torch.eye(2)).equal(torch.eye(4))
        True
    """
    out = torch.ones(1, 1, dtype=g.dtype, device=g.device)
    for letter in letters(word):
        own = g if letter == "V" else torch.linalg.inv(g).mT
        size = out.size(0) * own.size(0)
        out = torch.einsum("ab,ij->aibj", out, own).reshape(size, size)
    return out


def derivative(word: str, basis: Tensor) -> Tensor:
    r"""The matrices of an algebra on one tensor, :math:`\sum_k 1 \otimes \dots \otimes L \otimes \dots \otimes 1`.

    L acts on a V and :math:`-L^\top` on a V*.

    Shapes:
        - **basis**: :math:`(K, n, n)`; **output**: :math:`(K, n^r, n^r)` with r the rank of the word

    Example:
        >>> derivative("VV", torch.eye(2)[None])[0].diagonal().tolist()
        [2.0, 2.0, 2.0, 2.0]
    """
    count, n, _ = basis.shape
    size, signs = n ** rank(word), letters(word)
    out = basis.new_zeros(count, size, size)
    for place, letter in enumerate(signs):
        own = basis if letter == "V" else -basis.mT
        before, after = (torch.eye(n**rest).to(basis) for rest in (place, len(signs) - place - 1))
        out += torch.einsum("ab,kij,cd->kaicbjd", before, own, after).reshape(count, size, size)
    return out


def letters(word: str) -> list[str]:
    """The factors of a word.

    Example:
        >>> letters("VV*V")
        ['V', 'V*', 'V']
    """
    return re.findall(r"V\*?", word)
