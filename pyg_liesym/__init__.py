"""Find the symmetry in data and use it: Lie algebra discovery and equivariant layers for PyG."""

__version__ = "0.1.0"
