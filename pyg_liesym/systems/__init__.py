"""Lightning systems and data modules, one per task."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyg_liesym.systems.data import ChargedParticlesData, JetsData, OrbitsData, VectorData
    from pyg_liesym.systems.field_data import SmokePlumeData
    from pyg_liesym.systems.field_forecasting import FieldForecasting
    from pyg_liesym.systems.forecasting import TrajectoryForecasting
    from pyg_liesym.systems.lion import Lion
    from pyg_liesym.systems.onnx import export_onnx
    from pyg_liesym.systems.streaming_data import StreamingJetData
    from pyg_liesym.systems.tagging import JetTagging, TrainingDiverged

__all__ = [
    "ChargedParticlesData",
    "FieldForecasting",
    "JetTagging",
    "JetsData",
    "Lion",
    "OrbitsData",
    "SmokePlumeData",
    "StreamingJetData",
    "TrainingDiverged",
    "TrajectoryForecasting",
    "VectorData",
    "export_onnx",
]

_MODULES = {
    "FieldForecasting": "field_forecasting",
    "JetTagging": "tagging",
    "Lion": "lion",
    "SmokePlumeData": "field_data",
    "StreamingJetData": "streaming_data",
    "TrainingDiverged": "tagging",
    "TrajectoryForecasting": "forecasting",
    "export_onnx": "onnx",
}


def __getattr__(name: str) -> Any:
    """Import Lightning only when a system is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'data')}"), name)
