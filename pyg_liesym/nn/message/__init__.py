"""Messages along edges: the edges, the scalars of a pair of vectors, and the sums at the nodes, tile by tile."""
