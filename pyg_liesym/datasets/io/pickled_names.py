"""The names in a pickled list of strings, read without unpickling it."""

from __future__ import annotations

import pickletools

# All that a pickle of a flat list of strings is made of, in any protocol. Nothing here calls anything.
_STRUCTURE = {"PROTO", "FRAME", "MARK", "LIST", "EMPTY_LIST", "APPEND", "APPENDS", "STOP"}
_MEMO = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
_STRINGS = {
    "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
}  # fmt: skip


def pickled_names(content: bytes) -> list[str]:
    """List the strings of a pickled list in their order, by reading the pickle as data.

    pandas stores the names of columns in HDF5 files as pickles. Unpickling runs what the file says; this does not.

    Raises:
        ValueError: If it is anything else than a flat list of strings.

    Example:
        >>> import pickle
        >>> pickled_names(pickle.dumps(["E_0", "PX_0"], protocol=0))
        ['E_0', 'PX_0']
    """
    names: list[str] = []
    try:
        for code, argument, _ in pickletools.genops(content):
            if code.name in _STRINGS:
                names.append(argument.decode() if isinstance(argument, bytes) else str(argument))
            elif code.name not in _STRUCTURE | _MEMO:
                raise ValueError(f"it has the instruction {code.name}")
    except Exception as error:
        raise ValueError(f"expected a pickled list of names, but {error}") from error
    return names
