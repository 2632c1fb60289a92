"""What products express: known counts, exact path coefficients, ranks against two other ways."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product as pairs

import numpy as np
import pytest
from flint import fmpz_mat

from reptheory.errors import LabelError
from reptheory.exact.gaunt_n import gaunt_n, gaunt_n_array
from reptheory.exact.surd import Surd
from reptheory.exact.symmetric_coupling import symmetric_coupling
from reptheory.exact.wigner3j import wigner_3j
from reptheory.exact.wigner6j import wigner_6j
from reptheory.groups.o3 import Irrep, Irreps
from reptheory.operations.expressivity import expressivity, measured
from reptheory.operations.full_tensor_product import FullTensorProduct
from reptheory.operations.gaunt_convolution import GauntConvolution
from reptheory.operations.gaunt_interaction import GauntInteraction
from reptheory.operations.gaunt_many_body import GauntManyBody
from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
from reptheory.operations.linear import Linear
from reptheory.operations.matrix_product import MatrixProduct
from reptheory.operations.message_passing import Edges, MessagePassing
from reptheory.operations.product_terms import CoupledPath, path_coefficients
from reptheory.operations.spin_tensor_product import SpinTensorProduct
from reptheory.operations.symmetric_contraction import SymmetricContraction
from reptheory.operations.tensor_product import FullyConnectedTensorProduct, TensorProduct
from reptheory.operations.vector_spherical_product import VectorSphericalProduct

ALL_PATHS = [1, 6, 19, 44, 85, 146, 231, 344, 489, 670, 891]
EVEN_PATHS = [1, 5, 14, 30, 55, 91, 140, 204, 285]


def full(lmax: int) -> FullTensorProduct:
    return FullTensorProduct(Irreps.spherical_harmonics(lmax), Irreps.spherical_harmonics(lmax))


@pytest.mark.parametrize("lmax", range(7))
def test_gaunt_reaches_the_even_paths_with_4l_plus_1_degrees_of_freedom(lmax: int) -> None:
    found = expressivity(GauntTensorProduct(lmax))
    assert (found.paths, found.reachable) == (ALL_PATHS[lmax], EVEN_PATHS[lmax])
    assert found.degrees_of_freedom == 4 * lmax + 1
    assert found.weights == 4 * lmax + 3
    assert all((a.l + b.l + c.l) % 2 == 0 for a, b, c in found.interacting)
    assert all((a.l + b.l + c.l) % 2 == 1 for a, b, c in found.lost)


@pytest.mark.parametrize("lmax", range(6))
def test_the_full_product_expresses_everything(lmax: int) -> None:
    found = expressivity(full(lmax))
    assert found.paths == found.reachable == found.degrees_of_freedom == ALL_PATHS[lmax]
    assert not found.lost


@pytest.mark.parametrize("lmax", [1, 2, 3, pytest.param(6, marks=pytest.mark.slow), 10])
def test_counts_that_the_authors_published(lmax: int) -> None:
    """atomicarchitects/PriceofFreedom at a7dbecc, benchmarking/csv/flops_cpu_perf.csv, "normalization"."""
    published = {"CGTP": ALL_PATHS[lmax], "GTP": 4 * lmax + 1, "Matrix-TP": 4 * lmax + 1}
    counted = {"CGTP": expressivity(full(lmax)), "GTP": expressivity(GauntTensorProduct(lmax))}
    if lmax < 10:  # its table of spin 10 takes long to build
        even = Irreps([(1, (degree, 1)) for degree in range(lmax + 1)])
        counted["Matrix-TP"] = expressivity(MatrixProduct(f"{lmax}e"), even, even)
        assert len(counted["Matrix-TP"].lost) == (6 if lmax == 6 else 0)  # zeros of 6j symbols
    for name, found in counted.items():
        assert found.degrees_of_freedom == published[name]


@pytest.mark.parametrize("lmax", range(1, 6))
def test_one_input_degree_to_one_or_to_all(lmax: int) -> None:
    """The three settings of the paper: one irrep to one, one irrep to many; many to many is above."""
    degree = Irrep(lmax, (-1) ** lmax)
    gaunt, every = GauntTensorProduct(lmax), full(lmax)
    for product in (gaunt, every):
        assert expressivity(product, degree, degree, "0e").degrees_of_freedom == 1
    assert expressivity(gaunt, degree, degree).degrees_of_freedom == lmax + 1
    assert expressivity(every, degree, degree).degrees_of_freedom == 2 * lmax + 1
    assert expressivity(gaunt, degree, degree, "1e").degrees_of_freedom == 0


@pytest.mark.parametrize("degrees", [(2, 2, 4), (3, 1, 2), (1, 4, 5), (3, 3, 0)])
def test_gaunt_agrees_with_the_rank_of_exponents(degrees: tuple[int, int, int]) -> None:
    """Monomials a_l1 b_l2 c_l3: the dimension of their image is the rank of the exponents."""
    found = expressivity(GauntTensorProduct(*degrees))
    lmax1, lmax2, lmax_out = degrees
    width = lmax1 + lmax2 + lmax_out + 3
    rows = []
    for first, second, out in found.interacting:
        row = [0] * width
        for place in (first.l, lmax1 + 1 + second.l, lmax1 + lmax2 + 2 + out.l):
            row[place] = 1
        rows.append(row)
    assert found.degrees_of_freedom == fmpz_mat(rows).rank()


def test_coefficients_of_the_gaunt_product_are_its_reduced_elements() -> None:
    for labels, copies, coefficient, weight in path_coefficients(GauntTensorProduct(4, 3, 5)):
        l1, l2, l3 = (ir.l for ir in labels)
        squared = Fraction((2 * l1 + 1) * (2 * l2 + 1), 4) * wigner_3j(l1, l2, l3, 0, 0, 0).square
        assert copies == (l1, l2, l3)
        assert weight == -1
        assert abs(coefficient) == Surd.sqrt(squared, pi_power=-1)


def test_coefficients_of_the_full_product_are_signs() -> None:
    terms = path_coefficients(FullTensorProduct("2x0e+1x1o", "1x1o+1x1e"))
    assert len(terms) == 2 * 2 + 2 * 3
    assert {abs(term.coefficient) for term in terms} == {1}
    assert len({term.copies[2] for term in terms}) == len(terms)


def test_gradients_have_the_paths_of_their_product() -> None:
    gaunt = GauntTensorProduct(2, 3, 4)
    whole = {term.labels for term in path_coefficients(gaunt)}
    for operand, axes in ((1, (2, 1, 0)), (2, (0, 2, 1))):
        turned = path_coefficients(gaunt._transposed(operand))
        assert {tuple(term.labels[axis] for axis in axes) for term in turned} == whole


def jacobian_rank(terms: list[CoupledPath], sides: tuple[Irreps, Irreps, Irreps]) -> int:
    """Return the generic rank from floats: singular values of differences of the map itself."""
    muls = [{ir: mul for mul, ir in side} for side in sides]
    names = sorted(
        {("layer", side, t.copies[side], c)
         for t in terms for side in range(3) for c in range(muls[side][t.labels[side]])}
        | {("own", t.weight, 0, 0) for t in terms if t.weight >= 0}
    )  # fmt: skip
    place = {name: k for k, name in enumerate(names)}

    def image(point: np.ndarray) -> dict[tuple[object, ...], float]:
        found: dict[tuple[object, ...], float] = {}
        for t in terms:
            own = point[place["own", t.weight, 0, 0]] if t.weight >= 0 else 1.0
            for copies in pairs(*(range(muls[k][t.labels[k]]) for k in range(3))):
                value = float(t.coefficient) * own
                for side, copy in enumerate(copies):
                    value *= point[place["layer", side, t.copies[side], copy]]
                key = (*t.labels, *copies)
                found[key] = found.get(key, 0.0) + value
        return found

    point = np.random.default_rng(5).normal(size=len(names))
    columns = []
    for k in range(len(names)):
        low, high = point.copy(), point.copy()
        low[k] -= 0.5
        high[k] += 0.5
        below, above = image(low), image(high)
        columns.append([above[key] - below[key] for key in below])  # linear in each parameter: exact
    return int(np.linalg.matrix_rank(np.array(columns).T, tol=1e-8))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_gaunt_products_side_by_side(channels: int) -> None:
    gaunt = GauntTensorProduct(2)
    found = expressivity(gaunt, channels=channels)
    assert found.degrees_of_freedom == min(9 * channels, found.reachable)
    assert found.cost == channels * gaunt.cost
    assert found.weights == channels * 11


def test_products_with_instructions_agree_with_floats() -> None:
    instructions = [
        (0, 0, 0, "uvu", True),
        (1, 0, 1, "uvu", True),
        (1, 0, 2, "uvuv", True),
        (0, 1, 2, "uvw", True, 3),
        (1, 1, 3, "uuu", False),
    ]
    tp = TensorProduct("2x0e+2x1o", "1x1o+2x2e", "2x1o+2x0e+2x2e+2x3o", instructions)
    terms = path_coefficients(tp)
    sides = Irreps("2x0e+2x1o"), Irreps("1x1o+1x2e"), Irreps("2x1o+1x0e+1x2e+1x3o")
    found = measured(terms, sides)
    assert found.degrees_of_freedom == jacobian_rank(terms, sides)


def matrix_terms(lmax: int) -> list[CoupledPath]:
    """Products of square matrices of spin lmax / 2, as irreps 0..lmax: path ratios are 6j symbols."""
    spin = Fraction(lmax, 2)
    terms = []
    for l1, l2, l3 in pairs(range(lmax + 1), repeat=3):
        if abs(l1 - l2) <= l3 <= l1 + l2:
            value = wigner_6j(l1, l2, l3, spin, spin, spin) * Surd.sqrt((2 * l1 + 1) * (2 * l2 + 1))
            terms.append(CoupledPath((Irrep(l1, 1), Irrep(l2, 1), Irrep(l3, 1)), (l1, l2, l3), value))
    return terms


@pytest.mark.parametrize("lmax", range(1, 6))
def test_matrix_products_have_3l_plus_1_degrees_of_freedom(lmax: int) -> None:
    side = Irreps([(1, (degree, 1)) for degree in range(lmax + 1)])
    found = measured(matrix_terms(lmax), (side, side, side))
    assert found.degrees_of_freedom == 3 * lmax + 1
    assert found.weights == 3 * lmax + 3
    highest = Irreps([(1, (lmax, 1))])
    assert measured(matrix_terms(lmax), (highest, highest, side)).degrees_of_freedom == lmax + 1
    zeros = [tuple(ir.l for ir in path) for path in found.lost]
    assert zeros == ([(2, 2, 2)] if lmax == 3 else [])  # {2 2 2; 3/2 3/2 3/2} = 0


@pytest.mark.parametrize("shell", [1, 2, 3])
def test_the_matrix_product_of_a_shell_is_that_of_its_6j_symbols(shell: int) -> None:
    product = MatrixProduct(f"{shell}e")
    terms = {term.copies: abs(term.coefficient) for term in path_coefficients(product)}
    expected = {term.copies: abs(term.coefficient) for term in matrix_terms(2 * shell) if term.coefficient}
    assert terms == expected
    assert expressivity(product).degrees_of_freedom == 6 * shell + 1


@pytest.mark.parametrize("lmax", [1, 2, 3, 4])
def test_vector_fields_bring_every_path_back(lmax: int) -> None:
    side = Irreps.spherical_harmonics(lmax)
    scale = expressivity(VectorSphericalProduct("scale", lmax), side, side)
    assert scale.reachable == scale.paths == ALL_PATHS[lmax]
    assert scale.degrees_of_freedom == (6 if lmax == 1 else 9 * lmax - 2)
    top = Irrep(lmax, (-1) ** lmax)
    assert expressivity(VectorSphericalProduct("scale", lmax), top, top).degrees_of_freedom == 2 * lmax + 1
    cross = expressivity(VectorSphericalProduct("cross", lmax), side, side)
    vectors = Irrep("1o"), Irrep("1o"), Irrep("1e")
    assert vectors in cross.interacting
    assert vectors in expressivity(GauntTensorProduct(lmax)).lost


def test_matrix_products_with_two_copies_agree_with_floats() -> None:
    side = Irreps("2x0e+2x1e+1x2e")
    terms = matrix_terms(2)
    found = measured(terms, (side, side, side))
    assert found.degrees_of_freedom == jacobian_rank(terms, (side, side, side)) < found.paths


def test_values_matter_where_paths_share_a_result() -> None:
    """Two terms to one path count once where layers can exchange them, twice where they cannot."""
    one, two = Surd.rational(1), Surd.sqrt(2)
    scalar = (Irrep("0e"),) * 3
    side = Irreps("2x0e")
    terms = [CoupledPath(scalar, (i, j, k), one) for i, j, k in ((0, 0, 0), (0, 1, 1))]
    more = [*terms, CoupledPath(scalar, (1, 0, 1), two), CoupledPath(scalar, (1, 1, 0), two)]
    for given in (terms, more):
        found = measured(given, (side, side, side))
        assert found.degrees_of_freedom == jacobian_rank(given, (side, side, side))


def test_weights_that_only_repeat_a_layer_add_nothing() -> None:
    tp = TensorProduct("1x0e+1x1o", "1x1o", "1x1o+1x0e", [(0, 0, 0, "uvu", True), (1, 0, 1, "uvu", True)])
    found = expressivity(tp)
    assert (found.reachable, found.degrees_of_freedom, found.weights) == (2, 2, 7)
    assert found.lost == ((Irrep("1o"), Irrep("1o"), Irrep("1e")),)


def test_weights_of_their_own_set_paths_free() -> None:
    """Layers of three features and three results scale 11 paths in 9 - 2 ways; a weight each, in 11."""
    irreps = Irreps("0e+1o+2e")
    places = [
        (i, j, k) for i, j, k in pairs(range(3), repeat=3) if irreps[k].ir in irreps[i].ir * irreps[j].ir
    ]
    for weighted, free in ((True, 11), (False, 7)):
        instructions = [(*place, "uuu", weighted) for place in places]
        product = TensorProduct(irreps, irreps, irreps, instructions)
        found, both = expressivity(product), expressivity(product, channels=2)
        assert (found.reachable, found.degrees_of_freedom) == (11, free)
        assert both.weights == 2 * found.weights == 2 * (9 + 11 * weighted)


def test_a_fully_connected_product_reaches_all_that_its_result_holds() -> None:
    tp = FullyConnectedTensorProduct("3x0e+2x1o", "1x0e+1x1o", "4x0e+2x1o")
    found = expressivity(tp, "3x0e+2x1o", "1x0e+1x1o", "4x0e+2x1o")
    assert found.degrees_of_freedom == found.reachable == found.paths == tp.weight_numel


def test_nothing_in_nothing_out() -> None:
    found = expressivity(GauntTensorProduct(1), "2e", "0e")
    assert (found.paths, found.reachable, found.degrees_of_freedom, found.weights) == (1, 0, 0, 0)
    assert expressivity(FullTensorProduct("0x0e", "1x1o")).paths == 0


def test_bad_arguments_are_named() -> None:
    gaunt = GauntTensorProduct(1)
    with pytest.raises(LabelError, match="channels: got 0"):
        expressivity(gaunt, channels=0)
    for other in (42, Linear("1o", "1o"), FullTensorProduct("1o", "1o").gradients[0]):
        with pytest.raises(LabelError, match="irreps_in1"):
            expressivity(other)  # type: ignore[call-overload]


def test_messages_express_what_their_product_does() -> None:
    """The product of one edge, with its weights."""
    tp = FullyConnectedTensorProduct("2x0e+1x1o", "1x0e+1x1o", "1x0e+2x1o", shared_weights=False)
    message = MessagePassing(tp, Edges([0, 1], [1, 1], 3))
    for options in ({}, {"channels": 2}, {"irreps_out": "1x1o"}):
        assert expressivity(message, **options) == expressivity(tp, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("lmax", range(4))
def test_spins_that_are_whole_express_what_degrees_do(lmax: int) -> None:
    """SU(2) knows no parity: as degrees that are all even, also with some of the result left out."""
    spins = " + ".join(map(str, range(lmax + 1)))
    degrees = " + ".join(f"{degree}e" for degree in range(lmax + 1))
    for kept in (None, "0", "1"):
        of_spins = expressivity(SpinTensorProduct(spins, spins, kept))
        of_degrees = expressivity(FullTensorProduct(degrees, degrees, kept and f"{kept}e"))
        for name in ("paths", "reachable", "degrees_of_freedom", "weights"):
            assert getattr(of_spins, name) == getattr(of_degrees, name)
        assert [str(path) for path in of_spins.lost] == [
            str(path).replace("e", "") for path in of_degrees.lost
        ]


def test_spins_that_are_half() -> None:
    """Two spins 1/2 to a singlet and a triplet; copies and channels as for degrees."""
    both = expressivity(SpinTensorProduct("1/2", "1/2"))
    assert (both.paths, both.reachable, both.degrees_of_freedom, both.weights) == (2, 2, 2, 4)
    triplet = expressivity(SpinTensorProduct("1/2", "1/2", "1"))
    assert str(triplet.irreps_out) == "1x0+1x1"
    assert str(triplet.lost) == "((1/2, 1/2, 0),)"
    assert "lost: 1/2 x 1/2 -> 0" in str(triplet)
    one = expressivity(SpinTensorProduct("1/2", "3/2", "2"), "2x1/2", "2x3/2", "2x2")
    two = expressivity(SpinTensorProduct("1/2", "3/2", "2"), "2x1/2", "2x3/2", "2x2", channels=2)
    more = expressivity(SpinTensorProduct("2x1/2", "3/2", "2"), "2x1/2", "2x3/2", "2x2")
    assert (one.paths, one.reachable) == (8, 8)
    assert one.degrees_of_freedom == 2 + 2 + 2 - 2  # tensors of rank 1
    assert two.degrees_of_freedom == 2 * one.degrees_of_freedom
    assert one.degrees_of_freedom < more.degrees_of_freedom <= two.degrees_of_freedom


@pytest.mark.parametrize("lmax", range(4))
def test_weights_of_degrees_express_what_layers_do(lmax: int) -> None:
    """Interactions, and convolutions with harmonics as operand, are Gaunt products with more weights."""
    plain = expressivity(GauntTensorProduct(lmax, lmax, lmax))
    for product in (GauntInteraction(lmax, lmax, lmax), GauntConvolution(lmax, lmax, lmax)):
        found = expressivity(product)
        assert found == replace(plain, weights=plain.weights + product.weight_numel, cost=found.cost)
        many = expressivity(product, channels=2)
        other = expressivity(GauntTensorProduct(lmax, lmax, lmax), channels=2)
        assert many.degrees_of_freedom == other.degrees_of_freedom
        assert many.weights == other.weights + 2 * product.weight_numel


@pytest.mark.parametrize("lmax", range(5))
def test_a_many_body_product_of_two_is_the_gaunt_product(lmax: int) -> None:
    many, two = expressivity(GauntManyBody([lmax, lmax])), expressivity(GauntTensorProduct(lmax))
    for name in ("paths", "reachable", "degrees_of_freedom", "weights", "irreps_out"):
        assert getattr(many, name) == getattr(two, name)
    assert (set(many.interacting), set(many.lost)) == (set(two.interacting), set(two.lost))


@pytest.mark.parametrize(("lmax", "power"), [(1, 2), (1, 3), (1, 4), (2, 2), (2, 3), (3, 2)])
def test_powers_against_symmetric_contractions(lmax: int, power: int) -> None:
    """All symmetric maps are the paths of `symmetric_coupling`; a power takes one of each even way."""
    found = expressivity(GauntManyBody(lmax, lmax, power))
    feature = str(Irreps.spherical_harmonics(lmax))
    couplings = [symmetric_coupling(feature, ir, power) for _, ir in found.irreps_out]
    assert found.paths == sum(len(one.paths) for one in couplings)
    assert found.degrees_of_freedom == 2 * lmax + 1
    assert found.reachable <= found.paths
    natural = [path for path in found.interacting if path[-1].p != (-1) ** path[-1].l]
    assert not natural


@pytest.mark.parametrize("degrees", [(1, 1, 1), (2, 1, 3), (0, 2, 2, 1)])
def test_what_interacts_is_what_does_not_vanish(degrees: tuple[int, ...]) -> None:
    found = expressivity(GauntManyBody(degrees))
    interacting = {tuple(ir.l for ir in path) for path in found.interacting}
    for lost in found.lost:
        assert not len(gaunt_n_array([ir.l for ir in lost], "real").values("float64"))
    for path in interacting:
        assert gaunt_n(path, [0] * len(path))
    assert len(interacting) == found.reachable


def test_sums_of_powers_with_a_weight_each() -> None:
    """The paper's layer: one more weight a power and degree; without them powers share the layers."""
    terms = [(0,), (0, 0), (0, 0, 0)]
    weighted, plain = (expressivity(GauntManyBody(2, 2, terms, weighted=one)) for one in (True, False))
    assert (weighted.paths, weighted.reachable) == (plain.paths, plain.reachable) == (31, 25)
    assert (weighted.degrees_of_freedom, plain.degrees_of_freedom) == (11, 6)
    with pytest.raises(LabelError, match="many-body"):
        expressivity(GauntManyBody(2, 2, 2), channels=2)  # type: ignore[call-overload]


@pytest.mark.parametrize(("lmax", "degree"), [(1, 4), (2, 3), (3, 2)])
def test_symmetric_contractions_express_every_map(lmax: int, degree: int) -> None:
    """As many as characters count for powers; weights of the reduced basis are the free ones."""
    powers = [expressivity(GauntManyBody(lmax, lmax, [(0,) * n])) for n in range(2, degree + 1)]
    feature = Irreps.spherical_harmonics(lmax)
    every = Irreps([(1, ir) for ir in sorted({ir for one in powers for _, ir in one.irreps_out})])
    found = expressivity(SymmetricContraction(feature, every, degree))
    assert found.paths == len(feature) + sum(one.paths for one in powers)
    assert found.paths == found.reachable == found.degrees_of_freedom == found.weights
    assert not found.lost


@pytest.mark.parametrize(
    ("feature", "out", "degree"), [("0e+1o+2e", "0e+1e+2o", 4), ("1o+1e+0o", "0e+1o+1e", 3), ("1o", "2o", 2)]
)
def test_paths_of_mace_span_what_coordinates_say(feature: str, out: str, degree: int) -> None:
    contraction = SymmetricContraction(feature, out, degree, basis="mace")
    ranks = []
    for one in contraction.couplings:
        reduced = symmetric_coupling(feature, one.irrep_out, one.degree)
        coordinates = reduced.coordinates(one.array().to_numpy())
        ranks.append(int(np.linalg.matrix_rank(coordinates)) if coordinates.size else 0)
    found = expressivity(contraction)
    assert found.reachable == found.degrees_of_freedom == sum(ranks)
    assert found.weights == contraction.weight_numel


def test_maps_that_the_paths_of_mace_leave_out() -> None:
    """Their irreps on the way have the parity of harmonics, so that pseudovectors of four are not there."""
    found = expressivity(SymmetricContraction("0e+1o+2e", "0e+1e+2o", 4, basis="mace"))
    assert (found.paths, found.reachable, found.weights) == (30, 22, 97)
    four = [tuple(Irrep(name) for name in names.split()) for names in ("0e 1o 1o 2e 1e", "1o 1o 2e 2e 1e")]
    assert set(four) <= set(found.lost)
    assert set(found.lost).isdisjoint(found.interacting)


def test_counts_read_as_a_sentence() -> None:
    assert str(expressivity(full(1))) == "6 of 6 paths reached, 6 weighted freely by 10 weights"
    lost = str(expressivity(GauntTensorProduct(3))).partition("; lost: ")[2]
    assert lost.startswith("1o x 1o -> 1e, 1o x 2e -> 2o, ")
    assert lost.endswith(" and 10 more")
    many = str(expressivity(GauntManyBody(1, 1, 3)))
    assert many.startswith("4 of 4 paths reached, 3 weighted freely by 4 weights")
