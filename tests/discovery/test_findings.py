from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, Findings
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski

MUONS = Path(__file__).parents[3] / "shared" / "data" / "muons" / "zmumu_3000.npz"


def points(count: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.randn(count, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def statuses(findings: Findings) -> dict[str, str]:
    return {finding.claim.question: finding.claim.status for finding in findings.findings}


def named(findings: Findings) -> str:
    assert findings.symmetry is not None
    return findings.symmetry.algebra.identify()[0].name


def test_a_law_that_turns_with_its_input() -> None:
    x = points(3000, 2)
    found = find_symmetry(x, x * x.square().sum(1, keepdim=True))
    assert statuses(found)["law"] == "certified"
    assert named(found) == "so(2)"
    angles = found.symmetry.algebra.principal_angles(LieAlgebra.rotation(2))  # type: ignore[union-attr]
    assert float(angles[0]) < 1e-3
    assert found.verdict.headline.startswith("FOUND  so(2)")


def test_a_law_is_found_whatever_the_distribution() -> None:
    square = torch.rand(5000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 0.5
    found = find_symmetry(square, square * square.square().sum(1, keepdim=True))
    assert statuses(found)["law"] == "certified"
    assert statuses(found)["density"] == "refuted"


def test_several_vectors_and_an_invariant_number() -> None:
    x = points(4000, 2, 3)
    assert named(find_symmetry(x, torch.linalg.cross(x[:, 0], x[:, 1]))) == "so(3)"
    p = points(4000, 2, 4)
    total = p.sum(1)
    mass = ((total @ minkowski()) * total).sum(1, keepdim=True)
    found = find_symmetry(p, mass)
    assert named(found) == "so(1,3)"
    assert found.symmetry is not None
    assert abs(found.symmetry.metric.cosine(minkowski())) > 1 - 1e-6


@pytest.mark.parametrize("wind", [0.001, 0.01])
def test_a_small_breaking_is_measured(wind: float) -> None:
    x = points(3000, 2)
    r = x.norm(dim=1, keepdim=True)
    blown = x * r**2 + 3 * wind * r * torch.tensor([1.0, 0.0])
    (law, *_) = find_symmetry(x, blown).findings
    assert law.claim.breaking is not None
    assert law.claim.breaking.size == pytest.approx(wind, rel=0.3)


def test_a_large_breaking_is_nearly() -> None:
    x = points(3000, 2)
    r = x.norm(dim=1, keepdim=True)
    found = find_symmetry(x, x * r**2 + 0.4 * r * torch.tensor([1.0, 0.0]))
    assert statuses(found)["law"] == "refuted"
    assert found.symmetry is None
    # what is left of the rotations: the reflection along the wind
    assert found.verdict.headline == "FOUND  reflection of coordinate 1: the law keeps it."
    assert "Nearly: the best direction is broken by" in found.verdict.confidence
    bare = find_symmetry(x, x * r**2 + 0.4 * r * torch.tensor([1.0, 0.0]), discrete=False)
    assert bare.verdict.headline.startswith("NEARLY")


def test_a_quadric_on_which_the_data_lie() -> None:
    shell = nn.functional.normalize(points(2000, 3)) * (1 + 0.01 * points(2000, 1, seed=1))
    found = find_symmetry(shell)
    assert statuses(found)["support"] == "certified"
    assert named(found) == "so(3)"


def test_a_distribution_that_turns_into_itself() -> None:
    ring = nn.functional.normalize(points(20_000, 2)) * (1 + 0.3 * points(20_000, 1, seed=1))
    found = find_symmetry(ring, margin=0.1)
    assert statuses(found) == {"support": "no evidence", "density": "certified"}
    assert named(found) == "so(2)"


def test_translations_by_a_component_of_one() -> None:
    line = torch.cat([points(2000, 1), torch.zeros(2000, 1), torch.ones(2000, 1)], 1).double()
    found = find_symmetry(line, among=LieAlgebra.euclidean(2))
    assert found.symmetry is not None
    # along the line, not across it, and no turns
    assert found.symmetry.algebra.dim == 1
    generator = found.symmetry.algebra.basis[0] / found.symmetry.algebra.basis[0].abs().max()
    assert float(generator[0, 2].abs()) == pytest.approx(1.0)
    assert float(generator[:, :2].abs().max()) < 1e-6


def _mlp(x: Tensor) -> Tensor:
    net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2)).double()
    out: Tensor = net(2 * x).detach()
    return out


NULLS = {
    "square": lambda x: (torch.rand_like(x), None),
    "absolute values": lambda x: (x.abs(), None),
    "independent Student t": lambda x: (torch.distributions.StudentT(4.0).sample(x.shape).double(), None),
    "cubes by component": lambda x: (x, x**3),
    "a random network": lambda x: (x, _mlp(x)),
    "labels of a half plane": lambda x: (x.abs(), (x[:, 0].abs() > 0.7).long()),
    "noise on a square": lambda x: (torch.rand_like(x), torch.rand_like(x)),
    "labels unrelated": lambda x: (torch.rand_like(x), torch.randint(2, (len(x),))),
}


@pytest.mark.parametrize("null", NULLS)
def test_nothing_is_certified_where_nothing_is(null: str) -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        found = find_symmetry(*NULLS[null](points(1000, 2, seed=seed)), discrete=False, seed=seed)
        assert found.symmetry is None, (seed, str(found))
        assert found.verdict.headline.startswith(("NOTHING", "NEARLY"))


def test_an_algebra_from_elsewhere_is_judged_as_a_whole() -> None:
    x = points(4000, 3)
    about_z = x * x[:, 2:].square()
    assert (
        statuses(DiscoveredSymmetry.of(LieAlgebra(LieAlgebra.rotation(3).basis[:1])).certify(x, about_z))["law"]
        == "certified"
    )
    turned = DiscoveredSymmetry.of(LieAlgebra.rotation(3)).certify(x, about_z)
    assert statuses(turned)["law"] == "refuted"
    assert turned.symmetry is None
    assert "its worst direction is broken by" in str(turned)
    about_z_only = torch.zeros(3, 3, dtype=torch.float64)
    about_z_only[0, 0] = about_z_only[1, 1] = 1.0  # the metric [n, n] of a paper, of which all matrices are meant
    assert DiscoveredSymmetry.of(about_z_only).algebra.dim > 1
    weak = torch.cat([LieAlgebra.rotation(3).basis[:1], 0.05 * LieAlgebra.rotation(3).basis[1:2]])
    strong = DiscoveredSymmetry.of(weak).certify(x, about_z).findings[0]
    assert (strong.claim.status, strong.symmetry.algebra.dim) == ("certified", 1)  # as it is named
    with pytest.raises(ValueError, match="the vectors have 3 components, but the matrices are 2 × 2"):
        DiscoveredSymmetry.of(torch.eye(2)).certify(x)
    with pytest.raises(ValueError, match="nothing to certify"):
        DiscoveredSymmetry.of(LieAlgebra(torch.zeros(1, 3, 3))).certify(x)


@pytest.mark.parametrize("first", [True, False])
def test_the_start_of_the_samples_does_not_stand_for_all(first: bool) -> None:
    """Turns about z keep the relation of flat samples alone, of which there are more than are judged."""
    x = points(12_000, 3)
    flat = (torch.arange(len(x)) < 9000) if first else (torch.arange(len(x)) >= 3000)
    x[flat, 2] = 0
    y = x.square().sum(1) + x[:, 2] * x[:, 0]
    about_z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
    assert statuses(DiscoveredSymmetry.of(about_z).certify(x[flat], y[flat]))["support"] == "certified"
    assert statuses(DiscoveredSymmetry.of(about_z).certify(x, y))["support"] == "refuted"


def certified(findings: Findings, question: str) -> list[str]:
    (finding,) = (finding for finding in findings.findings if finding.claim.question == question)
    return [one.element.name for one in finding.elements if one.claim.status == "certified" and not one.follows]


def test_a_square_has_quarter_turns_and_reflections_and_no_rotations() -> None:
    square = 2 * torch.rand(40_000, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) - 1
    found = find_symmetry(square)
    assert statuses(found)["density"] == "refuted"
    assert found.symmetry is None
    assert certified(found, "density") == ["C4", "reflection of coordinate 0"]
    assert found.verdict.headline.startswith("FOUND  C4, reflection of coordinate 0: they leave the distribution")
    (_, density) = found.findings
    statuses_of = {one.element.name: one.claim.status for one in density.elements}
    assert [statuses_of[f"C{order}"] for order in (3, 5, 6, 7, 8)] == ["refuted"] * 5


def test_single_transformations_beside_an_algebra() -> None:
    """Parity and the reversal of time are no rotations; what parity and rotations make is not said again."""
    q, p = points(1500, 3), points(1500, 3, seed=1)
    forces = torch.stack([p, -q * (1 + q.square().sum(1, keepdim=True))], 1)
    found = find_symmetry(torch.stack([q, p], 1), forces, discrete=True)
    assert named(found) == "so(3)"
    assert certified(found, "law") == ["parity", "signs +− of x and the opposite of y"]
    assert "27 that follow from them" in str(found.findings[0])
    assert not find_symmetry(torch.stack([q, p], 1), forces).findings[0].elements, "asked for only without an algebra"


def test_vectors_that_may_be_exchanged_and_matrices_of_ones_own() -> None:
    x = points(1500, 2, 2)
    y = x.square().sum((1, 2)) + x[:, 0, 0] * x[:, 1, 0]
    found = find_symmetry(x, y, discrete=True)
    assert "exchange of vectors 0↔1" in certified(found, "law")
    third = LieAlgebra.rotation(2).exp(torch.tensor([2.1]))
    own = find_symmetry(x, y, discrete=[torch.diag(torch.tensor([1.0, -1.0])), third])
    assert [one.claim.status for one in own.findings[0].elements] == ["certified", "refuted"]
    for wrong, message in ((torch.eye(3), "must be"), (torch.zeros(2, 2), "invertible")):
        with pytest.raises(ValueError, match=message):
            find_symmetry(x, y, discrete=[wrong])


def test_nothing_single_is_certified_where_nothing_is() -> None:
    for null in ("independent Student t", "a random network", "labels of a half plane", "noise on a square"):
        for seed in range(3):
            torch.manual_seed(seed)
            found = find_symmetry(*NULLS[null](points(1000, 2, seed=seed)), seed=seed, discrete=True)
            kept = [certified(found, finding.claim.question) for finding in found.findings]
            assert not kept[0], (null, seed, kept)


def test_of_answers_that_agree_the_finest_is_shown() -> None:
    """The law of two bodies is fitted, and the support knows its matrices better."""
    states = one_step_pairs(simulate_orbits("two_body", num_orbits=200, seed=0))
    x, y = (torch.from_numpy(state).unflatten(1, (-1, 2)) for state in states)
    found = find_symmetry(x, y)
    law, support, _ = (finding.symmetry.algebra for finding in found.findings)
    off = [float(algebra.principal_angles(LieAlgebra.rotation(2))[0]) for algebra in (law, support)]
    assert off[1] < 0.5 * off[0]
    assert found.symmetry is found.findings[1].symmetry
    assert found.verdict.headline == "FOUND  so(2): the law keeps it."
    assert "The support agrees, and its finer matrices are the ones shown" in found.verdict.confidence


def test_answers_that_differ_are_said_to() -> None:
    x = points(3000, 3)
    found = find_symmetry(x, torch.stack([x.square().sum(1), x[:, 2] ** 3], 1), output="scalar")
    assert found.findings[1].claim.dim == 3
    assert found.symmetry is found.findings[0].symmetry
    assert "The support keeps so(3)" in found.verdict.confidence
    assert "choose by yours" in found.verdict.confidence


def test_dependent_samples_stay_on_one_side() -> None:
    x = points(300, 2).repeat_interleave(10, 0)
    x = x + 1e-3 * points(3000, 2, seed=1)
    y = x * x.square().sum(1, keepdim=True)
    groups = torch.arange(300).repeat_interleave(10)
    assert statuses(find_symmetry(x, y, groups=groups))["law"] == "certified"
    with pytest.raises(ValueError, match="groups must hold a number for each of the 3000 samples"):
        find_symmetry(x, y, groups=[1, 2])


def test_one_seed_one_answer_and_nothing_global_moves() -> None:
    x = points(1000, 2)
    state = torch.get_rng_state()
    one, two = (find_symmetry(x, x**3, seed=3) for _ in range(2))
    assert str(one) == str(two)
    assert torch.equal(state, torch.get_rng_state())


def test_a_result_is_kept_with_its_claim(tmp_path: Path) -> None:
    x = points(2000, 2)
    found = find_symmetry(x, x * x.norm(dim=1, keepdim=True)).symmetry
    assert found is not None
    kept = DiscoveredSymmetry.load(found.save(tmp_path / "so2"))
    assert kept.diagnostics["claim"]["status"] == "certified"
    torch.testing.assert_close(kept.algebra.basis, found.algebra.basis)


def test_findings_are_kept_as_plain_values(tmp_path: Path) -> None:
    x = points(1500, 2)
    for index, y in enumerate((x * x.norm(dim=1, keepdim=True), x**3)):
        found = find_symmetry(x, y)
        kept = Findings.load(found.save(tmp_path / str(index)))
        assert str(kept) == str(found)
        assert kept.verdict == found.verdict
        for one, other in zip(kept.findings, found.findings, strict=True):
            assert one.claim == other.claim
            assert torch.equal(one.ladder, other.ladder)
            assert torch.equal(one.symmetry.algebra.basis, other.symmetry.algebra.basis)
            for mine, theirs in zip(one.elements, other.elements, strict=True):
                assert (mine.claim, mine.follows, mine.element.name) == (
                    theirs.claim,
                    theirs.follows,
                    theirs.element.name,
                )
                assert torch.equal(mine.element.matrix, theirs.element.matrix)
    file = tmp_path / "0" / "findings.json"
    assert '"headline": "FOUND  so(2): the law keeps it."' in file.read_text()
    with pytest.raises(FileNotFoundError, match=r"holds no findings\.json"):
        Findings.load(tmp_path)
    file.write_text(file.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(ValueError, match="has format 9"):
        Findings.load(tmp_path / "0")
    file.write_text("{")
    with pytest.raises(ValueError, match="not valid JSON"):
        Findings.load(tmp_path / "0")


def test_a_breaking_is_said_in_the_terms_of_its_question() -> None:
    """A wind of 3 % of the law is an error of about that much, whatever random maps break."""
    x = points(3000, 2)
    r = x.norm(dim=1, keepdim=True)
    wind = 0.03 * torch.tensor([1.0, 0.0])
    y = x * r + wind
    (law, *_) = find_symmetry(x, y).findings
    assert law.claim.breaking is not None
    assert law.claim.scale is not None
    turned = LieAlgebra.rotation(2).exp(torch.tensor([0.5])).double()
    expected = float((turned @ wind.double() - wind).norm() / y.square().sum(1).mean().sqrt())
    assert law.claim.scale * law.claim.breaking.size == pytest.approx(expected, rel=0.25)
    assert "of its own size." in str(law)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (torch.ones(10, 2), {}, "at least 100 are needed"),
        (torch.full((200, 2), torch.nan), {}, "holds NaN"),
        (torch.randn(200, 2), {"margin": 1.5}, "margin must lie between 0 and 1"),
        (torch.randn(200, 2), {"among": LieAlgebra.rotation(3)}, "the matrices are 3 × 3"),
    ],
)
def test_bad_input_ends_in_a_sentence(x: Tensor, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_symmetry(x, **options)  # type: ignore[arg-type]


def test_large_matrices() -> None:
    found = find_symmetry(nn.functional.normalize(points(4000, 10)))
    assert statuses(found)["support"] == "certified"
    assert found.symmetry is not None
    assert found.symmetry.algebra.dim == 45  # so(10)
    assert found.symmetry.metric.signature == (10, 0, 0)


def test_a_question_that_is_too_large_says_what_it_costs() -> None:
    (_, density) = find_symmetry(points(1000, 30)).findings
    assert "900 directions of 30 × 30 matrices need at least 3600 samples" in density.claim.reason


def test_constant_columns_and_few_samples() -> None:
    x = torch.cat([points(150, 1), torch.ones(150, 2, dtype=torch.float64)], 1)
    few = find_symmetry(x).symmetry  # a line beside the origin has shears along it
    assert few is None or float(few.algebra.basis[:, 1:, :].sum(-1).abs().max()) < 1e-6
    flat = torch.cat([points(2000, 2), torch.zeros(2000, 1, dtype=torch.float64)], 1)
    found = find_symmetry(flat, flat * flat.square().sum(1, keepdim=True))
    assert isinstance(found.report(), str)
    assert statuses(found)["law"] in ("certified", "no evidence")


@pytest.mark.skipif(not MUONS.exists(), reason="the muon pairs are not here")
def test_real_muons_lie_on_the_light_cone_and_their_mass_keeps_lorentz() -> None:
    data = np.load(MUONS)
    for start in range(0, 3000, 1000):
        p4, mass = data["p4"][start : start + 1000], data["mass"][start : start + 1000]
        found = find_symmetry(p4, mass**2)
        assert statuses(found)["support"] == "certified"
        assert named(found) == "so(1,3)"
        assert found.symmetry is not None
        assert abs(found.symmetry.metric.cosine(minkowski())) > 0.9999


def test_the_quadric_of_single_vectors_agrees_with_the_generators() -> None:
    p = points(1000, 2, 3)
    found = find_symmetry(torch.cat([p.norm(dim=-1, keepdim=True), p], -1)).symmetry
    assert found is not None
    remark = found.diagnostics["form"]
    assert remark["cosine"] > 1 - 1e-9
    assert abs(found.metric.cosine(torch.tensor(remark["matrix"]))) > 0.9999


def test_a_symplectic_form_is_found_in_two_ways() -> None:
    x = points(2000, 2, 2)
    area = torch.linalg.det(x)[:, None]
    (support,) = (f for f in find_symmetry(x, area).findings if f.claim.question == "support")
    assert support.claim.dim == 3
    remark = support.symmetry.diagnostics["form"]
    turn = torch.tensor([[0.0, 1.0], [-1.0, 0.0]], dtype=torch.float64) / 2**0.5
    assert float((torch.tensor(remark["matrix"], dtype=torch.float64) * turn).sum().abs()) > 1 - 1e-9
    assert remark["cosine"] > 1 - 1e-9


@pytest.mark.parametrize("noise", [0.02, "estimate"])
def test_measurement_noise_is_removed_from_the_support(noise: float | str) -> None:
    """A body on a circle about another, whose common middle is at rest, measured with noise."""
    ring = nn.functional.normalize(points(6000, 2))
    x = torch.cat([ring, -ring, 2 * ring], 1)
    x = x + 0.02 * points(6000, 6, seed=1)
    among = LieAlgebra(torch.cat([m.repeat(3).basis for m in (LieAlgebra.rotation(2), LieAlgebra.scaling(2))]))
    (support, _) = find_symmetry(x, among=among, noise=noise).findings
    assert support.claim.status == "certified"
    assert support.claim.dim == 1
    assert support.symmetry.diagnostics["noise"] == pytest.approx(0.02 / float(x.square().mean().sqrt()), rel=0.05)


def test_noise_that_cannot_be_is_refused() -> None:
    circle = nn.functional.normalize(points(500, 2))
    with pytest.raises(ValueError, match="as large as the vectors"):
        find_symmetry(circle, noise=2.0)
    with pytest.raises(ValueError, match="or 'estimate'; got -1"):
        find_symmetry(circle, noise=-1.0)
    assert "noise cannot be estimated" in str(find_symmetry(circle, noise="estimate").findings[0])


def test_matrices_that_leave_the_plane_of_all_data() -> None:
    x = points(500, 2)
    x[:, 1] = 1 + 2 * x[:, 0]
    conformal = torch.cat([LieAlgebra.rotation(2).basis, LieAlgebra.scaling(2).basis])
    found = find_symmetry(x, x[:, :1] ** 3, among=LieAlgebra(conformal))
    assert statuses(found) == {"law": "no evidence", "support": "refuted", "density": "no evidence"}
    assert "moves them off it" in str(found)
