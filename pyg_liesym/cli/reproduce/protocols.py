"""``liesym reproduce``: the experiments by name."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from pyg_liesym.cli.parser import Parser
from pyg_liesym.cli.reproduce.bodies import Bodies
from pyg_liesym.cli.reproduce.capabilities import Capabilities
from pyg_liesym.cli.reproduce.certificates import Certificates
from pyg_liesym.cli.reproduce.charged_particles import ChargedParticlesForecast
from pyg_liesym.cli.reproduce.closed_forms import ClosedForms
from pyg_liesym.cli.reproduce.equnet import EquNet
from pyg_liesym.cli.reproduce.experiment import Experiment, Sitting, run_experiment
from pyg_liesym.cli.reproduce.jets_metric import JetsMetric
from pyg_liesym.cli.reproduce.jets_tagging import JetsTagging
from pyg_liesym.cli.reproduce.known_flows import KnownFlows
from pyg_liesym.cli.reproduce.many_bodies import ManyBodies
from pyg_liesym.cli.reproduce.molecules import Molecules
from pyg_liesym.cli.reproduce.msr import SharedTasks
from pyg_liesym.cli.reproduce.plume import Plume
from pyg_liesym.cli.reproduce.real_data import RealData
from pyg_liesym.cli.reproduce.relaxed_jets import RelaxedJets
from pyg_liesym.cli.reproduce.relaxed_mesh import RelaxedMesh
from pyg_liesym.cli.reproduce.relaxed_orbits import RelaxedOrbits
from pyg_liesym.cli.reproduce.relaxed_size import RelaxedSize
from pyg_liesym.cli.reproduce.rollouts import Rollouts
from pyg_liesym.cli.reproduce.solar_system import SolarSystemForecast
from pyg_liesym.cli.reproduce.symcert import SymCert
from pyg_liesym.cli.reproduce.tagging import Tagging
from pyg_liesym.cli.reproduce.tagging_front import TaggingFront
from pyg_liesym.cli.reproduce.three_body import ThreeBody
from pyg_liesym.cli.reproduce.two_body import TwoBody
from pyg_liesym.cli.reproduce.vision import Vision

EXPERIMENTS: dict[str, type[Experiment]] = {
    kind.name: kind
    for kind in (
        Certificates,
        Capabilities,
        SharedTasks,
        ClosedForms,
        SymCert,
        RealData,
        KnownFlows,
        TwoBody,
        ThreeBody,
        JetsMetric,
        JetsTagging,
        ChargedParticlesForecast,
        Bodies,
        Rollouts,
        SolarSystemForecast,
        Molecules,
        ManyBodies,
        RelaxedOrbits,
        RelaxedJets,
        RelaxedMesh,
        RelaxedSize,
        Plume,
        EquNet,
        Tagging,
        TaggingFront,
        Vision,
    )
}
T = TypeVar("T")


def run(words: Sequence[str]) -> None:
    """Read the words after ``liesym reproduce`` and run an experiment."""
    parser = Parser(prog="liesym reproduce", description="Repeat an experiment of docs/results.md.")
    commands = parser.add_subcommands(metavar="EXPERIMENT")
    for name, kind in EXPERIMENTS.items():
        about = (kind.__doc__ or "").partition("\n\n    Args:")[0]
        own = Parser(description=about.replace("``", ""))
        if name in words[:1]:  # the options of all the others take half a second
            own.add_argument("--config", action="config", help="YAML file of options")
            own.add_class_arguments(kind)
            own.add_class_arguments(Sitting)
        commands.add_subcommand(name, own, help=about.partition("\n")[0])
    parsed = parser.parse_args(list(words))
    options = parsed[parsed.subcommand]
    command = shlex.join(["liesym", "reproduce", *words])
    run_experiment(_value(EXPERIMENTS[parsed.subcommand], options), _value(Sitting, options), command)


def _value(kind: type[T], options: Mapping[str, Any]) -> T:
    """A dataclass, and those within it, from the options of its fields."""
    types = get_type_hints(kind)
    assert dataclasses.is_dataclass(kind)
    value: T = kind(
        **{field.name: _field(types[field.name], options[field.name]) for field in dataclasses.fields(kind)}
    )
    return value


def _field(kind: Any, given: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        if dataclasses.is_dataclass(given):
            return given
        own = given if isinstance(given, Mapping) else vars(given)
        return _value(kind, own.get("init_args", own))  # type: ignore[arg-type]
    if get_origin(kind) is dict:
        return {name: _field(get_args(kind)[1], own) for name, own in given.items()}
    return given
