"""The same sums as one kernel forward and two backward on a GPU, in Triton.

A program takes some nodes, the weights once, and passes over the nodes at the other end of their edges, tile by tile:
:mod:`~pyg_liesym.nn.message.gpu.pairs` makes scalars and the first map of a tile's edges,
:mod:`~pyg_liesym.nn.message.gpu.edge_maps` the maps, :mod:`~pyg_liesym.nn.message.gpu.kernels` the sums, and
:mod:`~pyg_liesym.nn.message.gpu.call` launches them. Formulas are those of
:mod:`~pyg_liesym.nn.message.tile_maps` and :mod:`~pyg_liesym.nn.message.tile_scalars`.
"""
