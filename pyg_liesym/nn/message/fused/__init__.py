"""All edges of a layer in one compiled loop, where the machine has a C++ compiler.

``library`` builds and finds the loops, ``call`` hands them the operands of the operators. The C++: ``simd`` (vectors
and their functions), ``memory``, ``products`` (of matrices in cache), ``edges`` (blocks of them, threads), ``maps`` (of
an edge), ``pairs`` and ``channels`` (scalars and shifts), ``sums`` and ``moments`` (what is summed), ``messages`` (the
way in).
"""
