"""Lightning systems and data modules, one per task."""

from typing import TYPE_CHECKING

from pyg_liesym.lazy import lazy

__all__ = [
    "ChargedParticlesData",
    "EnergyAndForces",
    "FieldForecasting",
    "GraphRegression",
    "JetTagging",
    "JetsData",
    "LastCheckpoint",
    "Lion",
    "OceanCurrentsData",
    "OrbitsData",
    "SmokePlumeData",
    "StreamingJetData",
    "System",
    "Tagger",
    "TrainingDiverged",
    "TrajectoryForecasting",
    "VectorData",
    "export_onnx",
    "load_forecaster",
    "load_tagger",
    "save_forecaster",
    "save_tagger",
]

if TYPE_CHECKING:
    from pyg_liesym.systems.data import ChargedParticlesData, JetsData, OrbitsData, VectorData
    from pyg_liesym.systems.energy_and_forces import EnergyAndForces
    from pyg_liesym.systems.field_data import OceanCurrentsData, SmokePlumeData
    from pyg_liesym.systems.field_forecasting import FieldForecasting
    from pyg_liesym.systems.forecaster_files import load_forecaster, save_forecaster
    from pyg_liesym.systems.forecasting import TrajectoryForecasting
    from pyg_liesym.systems.graph_regression import GraphRegression
    from pyg_liesym.systems.last_checkpoint import LastCheckpoint
    from pyg_liesym.systems.lion import Lion
    from pyg_liesym.systems.onnx import export_onnx
    from pyg_liesym.systems.pretrained import Tagger, load_tagger, save_tagger
    from pyg_liesym.systems.streaming_data import StreamingJetData
    from pyg_liesym.systems.system import System, TrainingDiverged
    from pyg_liesym.systems.tagging import JetTagging
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "data": ["ChargedParticlesData", "JetsData", "OrbitsData", "VectorData"],
            "energy_and_forces": ["EnergyAndForces"],
            "field_data": ["OceanCurrentsData", "SmokePlumeData"],
            "field_forecasting": ["FieldForecasting"],
            "forecaster_files": ["load_forecaster", "save_forecaster"],
            "forecasting": ["TrajectoryForecasting"],
            "graph_regression": ["GraphRegression"],
            "last_checkpoint": ["LastCheckpoint"],
            "lion": ["Lion"],
            "onnx": ["export_onnx"],
            "pretrained": ["Tagger", "load_tagger", "save_tagger"],
            "streaming_data": ["StreamingJetData"],
            "system": ["System", "TrainingDiverged"],
            "tagging": ["JetTagging"],
        },
    )
