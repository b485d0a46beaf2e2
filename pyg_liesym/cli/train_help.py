"""What ``liesym fit``, ``validate``, ``test`` and ``predict`` say of themselves on one screen."""

from __future__ import annotations

SUBCOMMANDS = {
    "fit": "Train a network.",
    "validate": "Score a checkpoint on the validation split.",
    "test": "Score a checkpoint on the test split; of a tagger, leave scores and pictures too.",
    "predict": "Write what a checkpoint predicts for the test split, or for files of their own.",
}

_EXAMPLES = {
    "fit": (
        ("--config jets", "jets that come with the package; so does orbits"),
        ("--config jets --data.files 'my/*.root'", "jets of your own"),
        ("--config tagger --model.start top", "jets, beginning with the weights of a packaged tagger"),
        ("--config my.yaml", "settings of your own, from `liesym init jets --out my.yaml`"),
        ("--config jets --ckpt-path last", "go on with a training that was stopped"),
    ),
    "validate": (("--config jets --ckpt-path best", "the best checkpoint of that training"),),
    "test": (
        ("--config jets --ckpt-path best", "the best checkpoint of that training"),
        ("--config jets --ckpt-path best --data.files 'other/*.root'", "on other jets"),
    ),
    "predict": (("--config jets --ckpt-path best", "the best checkpoint of that training"),),
}

_HELP = """usage: liesym {name} --config NAME|FILE [OPTIONS]

{said}
A file of settings says which network, which data and how; options change single settings.

examples:
{examples}

settings:
  --config NAME|FILE               jets, tagger, orbits, or a YAML file; where several differ, the last one counts
  --print-config                   print all settings that result, and stop
  --seed-everything SEED           seed of weights and order

model:
  --model NAME                     JetTagging, TrajectoryForecasting or FieldForecasting;
                                   --model.help NAME lists its settings
  --model.lr LR                    peak learning rate
  --model.start NAME|FILE          a tagger whose weights it begins with
  --model.net.hidden-channels N    any setting of the network, by its name

data:
  --data NAME                      JetsData, StreamingJetData, OrbitsData, ChargedParticlesData, VectorData,
                                   SmokePlumeData or OceanCurrentsData; --data.help NAME lists its settings
  --data.files FILES               files of jets: a path, a glob or a list of them
  --data.schema FILE               what their columns mean, as `liesym data info` proposes it
  --data.batch-size N              jets or graphs in a batch

trainer:
  --trainer.max-epochs N           epochs of a training
  --trainer.accelerator NAME       cpu, gpu or auto
  --trainer.devices N              how many of them
  --trainer.precision NAME         32-true, bf16-mixed, 64-true, …
  --trainer.default-root-dir DIR   where checkpoints, logs and pictures go
  --trainer.enable-progress-bar false
                                   no bars

checkpoint:
  --ckpt-path last|best|FILE       the newest of that name in the trainer's folder, or a file

`liesym {name} --help-all` lists every option, those of Lightning's trainer included.
"""


def train_help(name: str) -> str:
    """The first screen of a command that trains or uses a checkpoint."""
    width = max(len(words) for words, _ in _EXAMPLES[name])
    examples = (f"  liesym {name} {words:<{width}}  {said}" for words, said in _EXAMPLES[name])
    return _HELP.format(name=name, said=SUBCOMMANDS[name], examples="\n".join(examples))
