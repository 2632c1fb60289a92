"""Labels in arrays: every dtype and layout that states labels exactly; the rest is refused with its index."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scalars import NEGATIVES, READABLE, UNREADABLE, named

from reptheory.errors import LabelError, OperandError, ReptheoryError, TooLarge
from reptheory.exact.label_arrays import (
    broadcast_labels,
    degree_array,
    projection_arrays,
    spin_array,
    two_label_array,
)

LABELS = st.lists(st.integers(-100, 100), max_size=8)
INTEGERS = ["i1", "u1", "i2", ">i2", "u2", "i4", ">i4", "u4", "i8", ">i8", "u8", ">u8"]
FLOATS = ["f2", ">f2", "f4", ">f4", "f8", ">f8", "g"]
SMALL = 2**40


@given(LABELS, st.sampled_from(INTEGERS + FLOATS))
def test_integers_and_floats_of_every_width_and_order(labels: list[int], dtype: str) -> None:
    unsigned = np.dtype(dtype).kind == "u"
    array = np.array([abs(label) if unsigned else label for label in labels]).astype(dtype)
    assert two_label_array(array, "j").tolist() == [2 * int(label) for label in array]


@given(LABELS, st.sampled_from(FLOATS))
def test_halves(two_labels: list[int], dtype: str) -> None:
    array = (np.array(two_labels) / 2).astype(dtype)
    doubled = two_label_array(array, "j")
    assert doubled.dtype == np.int64
    assert doubled.tolist() == two_labels


@given(hnp.arrays(np.int64, hnp.array_shapes(min_side=0), elements=st.integers(0, 9)), st.data())
def test_layouts(array: np.ndarray, data: st.DataObject) -> None:
    index = data.draw(hnp.basic_indices(array.shape))
    view = np.asarray(array[index])
    for form in (
        view,
        np.asfortranarray(view),
        view.astype(">i4"),
        view.T,
        np.broadcast_to(view, (2, *view.shape)),
    ):
        assert (spin_array(form, "j") == 2 * form).all()
        assert spin_array(form, "j").shape == form.shape


def test_narrow_integers_do_not_wrap() -> None:
    assert two_label_array(np.array([127, -128], np.int8), "m").tolist() == [254, -256]
    assert two_label_array(np.array([255, 1], np.uint8), "m").tolist() == [510, 2]
    assert two_label_array(np.float16([0.5, -1.5]), "m").tolist() == [1, -3]


@pytest.mark.parametrize(
    ("value", "expected"), [pytest.param(*pair, id=str(k)) for k, pair in enumerate(READABLE)]
)
def test_every_number_that_one_label_may_be(value: object, expected: int) -> None:
    for form, read in [(value, lambda a: a.item()), ([value, value], lambda a: a[1].item())]:
        if abs(expected) <= SMALL:
            assert read(two_label_array(form, "j")) == expected
        else:
            with pytest.raises(TooLarge, match="j"):
                two_label_array(form, "j")


@pytest.mark.parametrize(
    "value", named([v for v in UNREADABLE if not isinstance(v, list | tuple) and np.ndim(v) == 0])
)
def test_what_is_no_label_is_none_in_a_list_or_array_either(value: object) -> None:
    with pytest.raises(LabelError, match=r"^j: "):
        two_label_array(value, "j")
    if not isinstance(value, np.ndarray):
        with pytest.raises(LabelError, match=r"^j\[1\]: "):
            two_label_array([1, value, 2], "j")
        box = np.empty((2, 2), object)
        box[...] = 1
        box[1, 0] = value
        with pytest.raises(LabelError, match=r"^j\[1, 0\]: "):
            two_label_array(box, "j")


@pytest.mark.parametrize("value", named(NEGATIVES))
def test_negative_spins_are_named_with_their_index(value: object) -> None:
    with pytest.raises((LabelError, TooLarge), match=r"^j1\[2\]: "):
        spin_array([1, 0, value], "j1")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1, 2.25, 1.3]), r"j\[1\]: got np.float64\(2.25\)"),
        (np.array([[0.5, np.nan]]), r"j\[0, 1\]: .* not finite"),
        (np.array([1, np.inf], "f4"), r"j\[1\]: .* not finite"),
        (np.array([True, False]), "dtype bool"),
        (np.array([1j]), "dtype complex128"),
        (np.array(["1"]), "dtype <U1"),
        (np.array([1], "m8[s]"), "dtype timedelta"),
        (np.zeros(2, [("a", int)]), "dtype"),
        (np.ma.array([1, 2, 3], mask=[0, 0, 1]), r"j\[2\]: a masked value"),
        ([1, True], r"j\[1\]: .* truth value"),
        ([1, "2"], r"j\[1\]: got the text"),
        ([[1, 2], [3]], "different lengths"),
        ([1, [2, 3]], "different lengths"),
        ({1, 2}, "j: "),
        ({1: 2}, "j: "),
        ((k for k in range(2)), "j: "),
        ("12", "text"),
    ],
)
def test_refusals(array: object, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        two_label_array(array, "j")


def test_what_else_holds_labels() -> None:
    assert two_label_array(np.ma.array([1, 2]), "j").tolist() == [2, 4]
    assert type(two_label_array(np.zeros((1, 2)).view(np.recarray), "j")) is np.ndarray
    assert two_label_array(range(3), "j").tolist() == [0, 2, 4]
    assert two_label_array((Fraction(1, 2), Decimal("1.5"), 2), "j").tolist() == [1, 3, 4]
    assert two_label_array([np.array([1, 2]), [3, 0.5]], "j").tolist() == [[2, 4], [6, 1]]
    assert two_label_array([], "j").shape == (0,)
    assert two_label_array(np.empty((3, 0)), "j").shape == (3, 0)
    assert two_label_array(np.array(1.5), "j").shape == ()
    read_only = np.arange(3)
    read_only.setflags(write=False)
    assert two_label_array(read_only, "j").tolist() == [0, 2, 4]


@pytest.mark.parametrize("value", [2**39 + 1, -(2**39) - 1, 2**62, 2.0**45])
def test_labels_beyond_an_int64_are_refused(value: float) -> None:
    for form in (value, [value], np.array([1, value])):
        with pytest.raises(TooLarge, match="2\\^39"):
            two_label_array(form, "m1")
    assert two_label_array(2**39, "m1").item() == 2**40


def test_degrees_and_orders() -> None:
    assert degree_array([0, 2.0], "l1").tolist() == [0, 4]
    assert degree_array([-1, 2], "m1", signed=True).tolist() == [-2, 4]
    for bad in ([0, 0.5], [1, -1]):
        with pytest.raises(LabelError, match=r"l1\[1\]"):
            degree_array(bad, "l1")
    with pytest.raises(LabelError, match=r"m1\[0, 1\]"):
        degree_array([[0, 1.5]], "m1", signed=True)


def test_projections_are_checked_by_element() -> None:
    spins = np.array([2, 1])
    projection_arrays(spins, np.array([-2, 1]), "j1", "m1")
    for orders, index in [([4, 1], 0), ([0, 0], 1), ([1, 1], 0)]:
        with pytest.raises(LabelError, match=rf"m1\[{index}\]: .* j1\[{index}\]"):
            projection_arrays(spins, np.array(orders), "j1", "m1")


def test_shapes() -> None:
    a, b = broadcast_labels((np.zeros((3, 1), int), np.zeros(4, int)), ("a", "b"))
    assert a.shape == b.shape == (3, 4)
    with pytest.raises(OperandError, match=r"a \(3,\), b \(4,\)"):
        broadcast_labels((np.zeros(3, int), np.zeros(4, int)), ("a", "b"))
    wide = [np.broadcast_to(np.zeros((), int), (2**20, 1)), np.broadcast_to(np.zeros((), int), 2**20)]
    with pytest.raises(TooLarge, match="GiB"):
        broadcast_labels(wide, ("a", "b"))


def test_errors_are_ours() -> None:
    assert issubclass(TooLarge, ReptheoryError)
