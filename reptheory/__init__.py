"""Exact coefficients, proven tables and verified tensor products for SU(2), SO(3) and O(3).

Public names load on first use (PEP 562), so that `import reptheory` costs milliseconds and loads neither
SymPy nor Numba. README.md lists the API in one table; docs/architecture.md says where each name lives.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reptheory.build.auditing.audit import audit
    from reptheory.build.compare import compare_tables
    from reptheory.build.convert import convert
    from reptheory.build.estimate import estimate_table
    from reptheory.build.export import export_table
    from reptheory.build.library import build_table, load_table
    from reptheory.conventions import COMPLEX, REAL, Convention
    from reptheory.conversion.identify import identify
    from reptheory.conversion.registry import CONVENTIONS, PackageConvention, convention
    from reptheory.exact.arrays import SurdArray
    from reptheory.exact.cartesian import CartesianTensor, cartesian_tensor
    from reptheory.exact.clebsch_gordan import clebsch_gordan, clebsch_gordan_array
    from reptheory.exact.complex_surds import ComplexSurd, ComplexSurdArray
    from reptheory.exact.euler_angles import EulerElement, EulerMatrix, wigner_d_euler
    from reptheory.exact.fourier import fourier_from_harmonics, harmonics_from_fourier
    from reptheory.exact.gaunt import gaunt, gaunt_array, real_gaunt
    from reptheory.exact.gaunt_n import gaunt_n, gaunt_n_array
    from reptheory.exact.gaunt_table import GauntTable, gaunt_table
    from reptheory.exact.generators import Generators, generators
    from reptheory.exact.half_angles import HalfAnglePolynomial, wigner_d_polynomial
    from reptheory.exact.matrix_blocks import block_basis, matrix_path_ratio
    from reptheory.exact.normalization import harmonic_factor
    from reptheory.exact.polynomials import SurdPolynomial
    from reptheory.exact.real_basis import real_from_complex
    from reptheory.exact.recoupling import recoupling
    from reptheory.exact.recoupling_arrays import (
        RecouplingMatrix,
        recoupling_matrix,
        wigner_6j_array,
        wigner_9j_array,
    )
    from reptheory.exact.rotation_matrices import real_rotation_matrix, rotation_matrix
    from reptheory.exact.solid_harmonics import (
        harmonics_from_monomials,
        monomials,
        monomials_from_harmonics,
        solid_harmonic,
    )
    from reptheory.exact.square_grid import wigner_3j_array
    from reptheory.exact.surd import Surd
    from reptheory.exact.surd_sums import SurdSum
    from reptheory.exact.symmetric_coupling import SymmetricCoupling, symmetric_coupling
    from reptheory.exact.tensor_harmonics import (
        forms_from_vector_harmonics,
        solid_gradient,
        tensor_harmonic,
        tensor_harmonic_array,
        vector_harmonic,
        vector_harmonic_form,
    )
    from reptheory.exact.values import (
        clebsch_gordan_values,
        gaunt_values,
        racah_values,
        real_gaunt_values,
        wigner_3j_values,
        wigner_6j_values,
        wigner_9j_values,
    )
    from reptheory.exact.vector_paths import VectorPath, tensor_path_ratio, vector_path, vector_path_ratio
    from reptheory.exact.vector_polynomials import VectorPolynomial
    from reptheory.exact.wigner3j import wigner_3j
    from reptheory.exact.wigner3j_table import Wigner3jTable, wigner_3j_slabs, wigner_3j_table
    from reptheory.exact.wigner6j import racah, wigner_6j
    from reptheory.exact.wigner6j_table import Wigner6jTable, wigner_6j_table
    from reptheory.exact.wigner9j import wigner_9j
    from reptheory.exact.wigner12j import wigner_12j_first, wigner_12j_second
    from reptheory.exact.wigner_d import wigner_d_fourier, wigner_d_pi_half
    from reptheory.exact.wigner_d_values import wigner_d_values
    from reptheory.groups.o3 import Irrep, Irreps
    from reptheory.groups.spins import Spin, SpinIrreps
    from reptheory.operations.blocks import blocks_from_irreps, irreps_from_blocks
    from reptheory.operations.expressivity import Expressivity, expressivity
    from reptheory.operations.full_tensor_product import FullTensorProduct
    from reptheory.operations.gaunt_convolution import GauntConvolution
    from reptheory.operations.gaunt_interaction import GauntInteraction
    from reptheory.operations.gaunt_many_body import GauntManyBody
    from reptheory.operations.gaunt_tensor_product import GauntTensorProduct
    from reptheory.operations.linear import Linear
    from reptheory.operations.many_body_expressivity import ManyBodyExpressivity
    from reptheory.operations.matrix_product import MatrixProduct
    from reptheory.operations.message_passing import Edges, MessagePassing
    from reptheory.operations.separable_activation import SeparableSphereActivation
    from reptheory.operations.sphere_fields import field_from_function, function_from_field
    from reptheory.operations.sphere_functions import (
        SphereActivation,
        SphereFunction,
    )
    from reptheory.operations.sphere_grid import SphereGrid
    from reptheory.operations.sphere_points import PointExpansion
    from reptheory.operations.sphere_transforms import FromGrid, ToGrid
    from reptheory.operations.spherical_harmonics import SphericalHarmonics
    from reptheory.operations.spin_tensor_product import SpinTensorProduct
    from reptheory.operations.symmetric_contraction import SymmetricContraction
    from reptheory.operations.tensor_product import (
        ElementwiseTensorProduct,
        FullyConnectedTensorProduct,
        TensorProduct,
    )
    from reptheory.operations.vector_spherical_product import VectorSphericalProduct
    from reptheory.tables.reader import open_table
    from reptheory.tables.table import Table, read_table

_HOME = {
    "COMPLEX": "conventions",
    "CONVENTIONS": "conversion.registry",
    "REAL": "conventions",
    "CartesianTensor": "exact.cartesian",
    "ComplexSurd": "exact.complex_surds",
    "ComplexSurdArray": "exact.complex_surds",
    "Convention": "conventions",
    "EulerElement": "exact.euler_angles",
    "EulerMatrix": "exact.euler_angles",
    "Edges": "operations.message_passing",
    "ElementwiseTensorProduct": "operations.tensor_product",
    "Expressivity": "operations.expressivity",
    "FromGrid": "operations.sphere_transforms",
    "FullTensorProduct": "operations.full_tensor_product",
    "FullyConnectedTensorProduct": "operations.tensor_product",
    "GauntConvolution": "operations.gaunt_convolution",
    "GauntInteraction": "operations.gaunt_interaction",
    "GauntManyBody": "operations.gaunt_many_body",
    "GauntTable": "exact.gaunt_table",
    "GauntTensorProduct": "operations.gaunt_tensor_product",
    "Generators": "exact.generators",
    "HalfAnglePolynomial": "exact.half_angles",
    "Irrep": "groups.o3",
    "Irreps": "groups.o3",
    "Linear": "operations.linear",
    "ManyBodyExpressivity": "operations.many_body_expressivity",
    "MatrixProduct": "operations.matrix_product",
    "MessagePassing": "operations.message_passing",
    "RecouplingMatrix": "exact.recoupling_arrays",
    "PackageConvention": "conversion.registry",
    "SeparableSphereActivation": "operations.separable_activation",
    "SphereActivation": "operations.sphere_functions",
    "SphereFunction": "operations.sphere_functions",
    "PointExpansion": "operations.sphere_points",
    "SphereGrid": "operations.sphere_grid",
    "SphericalHarmonics": "operations.spherical_harmonics",
    "Spin": "groups.spins",
    "SpinIrreps": "groups.spins",
    "SpinTensorProduct": "operations.spin_tensor_product",
    "ToGrid": "operations.sphere_transforms",
    "Surd": "exact.surd",
    "SurdArray": "exact.arrays",
    "SurdPolynomial": "exact.polynomials",
    "SurdSum": "exact.surd_sums",
    "SymmetricContraction": "operations.symmetric_contraction",
    "SymmetricCoupling": "exact.symmetric_coupling",
    "VectorPath": "exact.vector_paths",
    "VectorPolynomial": "exact.vector_polynomials",
    "VectorSphericalProduct": "operations.vector_spherical_product",
    "Table": "tables.table",
    "TensorProduct": "operations.tensor_product",
    "Wigner6jTable": "exact.wigner6j_table",
    "Wigner3jTable": "exact.wigner3j_table",
    "audit": "build.auditing.audit",
    "block_basis": "exact.matrix_blocks",
    "blocks_from_irreps": "operations.blocks",
    "build_table": "build.library",
    "clebsch_gordan_values": "exact.values",
    "compare_tables": "build.compare",
    "export_table": "build.export",
    "gaunt_values": "exact.values",
    "field_from_function": "operations.sphere_fields",
    "function_from_field": "operations.sphere_fields",
    "irreps_from_blocks": "operations.blocks",
    "matrix_path_ratio": "exact.matrix_blocks",
    "open_table": "tables.reader",
    "convention": "conversion.registry",
    "convert": "build.convert",
    "estimate_table": "build.estimate",
    "cartesian_tensor": "exact.cartesian",
    "clebsch_gordan": "exact.clebsch_gordan",
    "clebsch_gordan_array": "exact.clebsch_gordan",
    "expressivity": "operations.expressivity",
    "forms_from_vector_harmonics": "exact.tensor_harmonics",
    "fourier_from_harmonics": "exact.fourier",
    "gaunt": "exact.gaunt",
    "gaunt_array": "exact.gaunt",
    "gaunt_table": "exact.gaunt_table",
    "gaunt_n": "exact.gaunt_n",
    "gaunt_n_array": "exact.gaunt_n",
    "generators": "exact.generators",
    "harmonic_factor": "exact.normalization",
    "harmonics_from_fourier": "exact.fourier",
    "harmonics_from_monomials": "exact.solid_harmonics",
    "identify": "conversion.identify",
    "load_table": "build.library",
    "monomials": "exact.solid_harmonics",
    "monomials_from_harmonics": "exact.solid_harmonics",
    "racah": "exact.wigner6j",
    "racah_values": "exact.values",
    "read_table": "tables.table",
    "real_from_complex": "exact.real_basis",
    "real_gaunt": "exact.gaunt",
    "real_gaunt_values": "exact.values",
    "real_rotation_matrix": "exact.rotation_matrices",
    "recoupling": "exact.recoupling",
    "recoupling_matrix": "exact.recoupling_arrays",
    "rotation_matrix": "exact.rotation_matrices",
    "solid_gradient": "exact.tensor_harmonics",
    "solid_harmonic": "exact.solid_harmonics",
    "symmetric_coupling": "exact.symmetric_coupling",
    "tensor_harmonic": "exact.tensor_harmonics",
    "tensor_harmonic_array": "exact.tensor_harmonics",
    "tensor_path_ratio": "exact.vector_paths",
    "vector_harmonic": "exact.tensor_harmonics",
    "vector_harmonic_form": "exact.tensor_harmonics",
    "vector_path": "exact.vector_paths",
    "vector_path_ratio": "exact.vector_paths",
    "wigner_3j": "exact.wigner3j",
    "wigner_3j_array": "exact.square_grid",
    "wigner_3j_slabs": "exact.wigner3j_table",
    "wigner_3j_table": "exact.wigner3j_table",
    "wigner_3j_values": "exact.values",
    "wigner_6j": "exact.wigner6j",
    "wigner_6j_array": "exact.recoupling_arrays",
    "wigner_6j_table": "exact.wigner6j_table",
    "wigner_6j_values": "exact.values",
    "wigner_9j": "exact.wigner9j",
    "wigner_9j_array": "exact.recoupling_arrays",
    "wigner_9j_values": "exact.values",
    "wigner_12j_first": "exact.wigner12j",
    "wigner_12j_second": "exact.wigner12j",
    "wigner_d_euler": "exact.euler_angles",
    "wigner_d_fourier": "exact.wigner_d",
    "wigner_d_pi_half": "exact.wigner_d",
    "wigner_d_polynomial": "exact.half_angles",
    "wigner_d_values": "exact.wigner_d_values",
}

__version__ = "0.1.0"
__all__ = [
    "COMPLEX",
    "CONVENTIONS",
    "REAL",
    "CartesianTensor",
    "ComplexSurd",
    "ComplexSurdArray",
    "Convention",
    "Edges",
    "ElementwiseTensorProduct",
    "EulerElement",
    "EulerMatrix",
    "Expressivity",
    "FromGrid",
    "FullTensorProduct",
    "FullyConnectedTensorProduct",
    "GauntConvolution",
    "GauntInteraction",
    "GauntManyBody",
    "GauntTable",
    "GauntTensorProduct",
    "Generators",
    "HalfAnglePolynomial",
    "Irrep",
    "Irreps",
    "Linear",
    "ManyBodyExpressivity",
    "MatrixProduct",
    "MessagePassing",
    "PackageConvention",
    "PointExpansion",
    "RecouplingMatrix",
    "SeparableSphereActivation",
    "SphereActivation",
    "SphereFunction",
    "SphereGrid",
    "SphericalHarmonics",
    "Spin",
    "SpinIrreps",
    "SpinTensorProduct",
    "Surd",
    "SurdArray",
    "SurdPolynomial",
    "SurdSum",
    "SymmetricContraction",
    "SymmetricCoupling",
    "Table",
    "TensorProduct",
    "ToGrid",
    "VectorPath",
    "VectorPolynomial",
    "VectorSphericalProduct",
    "Wigner3jTable",
    "Wigner6jTable",
    "audit",
    "block_basis",
    "blocks_from_irreps",
    "build_table",
    "cartesian_tensor",
    "clebsch_gordan",
    "clebsch_gordan_array",
    "clebsch_gordan_values",
    "compare_tables",
    "convention",
    "convert",
    "estimate_table",
    "export_table",
    "expressivity",
    "field_from_function",
    "forms_from_vector_harmonics",
    "fourier_from_harmonics",
    "function_from_field",
    "gaunt",
    "gaunt_array",
    "gaunt_n",
    "gaunt_n_array",
    "gaunt_table",
    "gaunt_values",
    "generators",
    "harmonic_factor",
    "harmonics_from_fourier",
    "harmonics_from_monomials",
    "identify",
    "irreps_from_blocks",
    "load_table",
    "matrix_path_ratio",
    "monomials",
    "monomials_from_harmonics",
    "open_table",
    "racah",
    "racah_values",
    "read_table",
    "real_from_complex",
    "real_gaunt",
    "real_gaunt_values",
    "real_rotation_matrix",
    "recoupling",
    "recoupling_matrix",
    "rotation_matrix",
    "solid_gradient",
    "solid_harmonic",
    "symmetric_coupling",
    "tensor_harmonic",
    "tensor_harmonic_array",
    "tensor_path_ratio",
    "vector_harmonic",
    "vector_harmonic_form",
    "vector_path",
    "vector_path_ratio",
    "wigner_3j",
    "wigner_3j_array",
    "wigner_3j_slabs",
    "wigner_3j_table",
    "wigner_3j_values",
    "wigner_6j",
    "wigner_6j_array",
    "wigner_6j_table",
    "wigner_6j_values",
    "wigner_9j",
    "wigner_9j_array",
    "wigner_9j_values",
    "wigner_12j_first",
    "wigner_12j_second",
    "wigner_d_euler",
    "wigner_d_fourier",
    "wigner_d_pi_half",
    "wigner_d_polynomial",
    "wigner_d_values",
]


def __getattr__(name: str) -> object:
    """Import a public name from its home on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'reptheory' has no attribute {name!r}")
    value = getattr(import_module(f"reptheory.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names without importing them."""
    return sorted({*__all__, "__version__"})
