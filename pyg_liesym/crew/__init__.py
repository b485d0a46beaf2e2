"""The same work for many files or chunks: here, in processes of this machine, or on a Dask cluster."""

from typing import TYPE_CHECKING

from pyg_liesym.lazy import lazy

__all__ = ["Cluster", "Crew", "Here", "Outcome", "Processes", "WorkerError", "hire"]

if TYPE_CHECKING:
    from pyg_liesym.crew.cluster import Cluster
    from pyg_liesym.crew.crew import Crew, Here, Outcome, WorkerError
    from pyg_liesym.crew.hiring import hire
    from pyg_liesym.crew.processes import Processes
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "cluster": ["Cluster"],
            "crew": ["Crew", "Here", "Outcome", "WorkerError"],
            "hiring": ["hire"],
            "processes": ["Processes"],
        },
    )
