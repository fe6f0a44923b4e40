"""Tests of the oracle itself: a case that PyTorch made must pass, and every kind of damage to it must be reported.

Run from anywhere; exits 77 (skipped) without PyTorch.
"""

import pathlib
import struct
import tempfile
import unittest

import torch_oracle  # first, because it decides about skipping

import safetensors_file
import torch

SINGLE_PRECISION = 1e-5  # a few hundred roundings of float32, relative to the largest value


def make_case(cell, dtype):
    """A window with all options, its results rounded to the given type."""
    V, E, H, L, T, B = 7, 3, 5, 2, 6, 2
    torch.manual_seed(1)
    model = torch_oracle.CharRnn(cell, V, E, H, L)
    case = {f"parameter.{name}": value.detach() for name, value in model.state_dict().items()}
    case["window.tokens"] = torch.randint(V, (T, B), dtype=torch.int32)
    case["window.targets"] = torch.randint(V, (T, B), dtype=torch.int32)
    case["window.weight"] = torch.ones(T, B)
    case["window.weight"][-1, -1] = 0
    case["window.targets"][-1, -1] = -1
    case["window.dropout_mask"] = (torch.rand(L - 1, T, B, H) > 0.5).float() * 2
    case["window.output_mask"] = (torch.rand(T, B, H) > 0.5).float() * 2
    case["window.label_smoothing"] = torch.tensor([0.25])
    case["window.h0"] = torch.rand(L, B, H)
    case["gradient.h0"] = torch.empty(0)
    if cell == "lstm":
        case["window.c0"] = torch.rand(L, B, H)
        case["gradient.c0"] = torch.empty(0)
    case |= torch_oracle.recompute(case, cell)
    return {name: value if value.dtype == torch.int32 else value.to(dtype) for name, value in case.items()}


class CaseTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "case.safetensors"

    def check(self, case, cell="lstm", tolerance=SINGLE_PRECISION):
        safetensors_file.save(self.path, case, {"cell": cell})
        return torch_oracle.check_case(self.path, tolerance)

    def test_undamaged_case_of_every_cell_passes(self):
        for cell in torch_oracle.LAYER_TYPES:
            with self.subTest(cell):
                self.check(make_case(cell, torch.float32), cell)
                self.assertEqual(self.check(make_case(cell, torch.float64), cell), 0)

    def test_any_float_that_is_off_is_reported(self):
        whole = make_case("lstm", torch.float32)
        for name in whole:
            if name in ("window.tokens", "window.targets"):
                continue
            with self.subTest(name):
                case = {other: value.clone() for other, value in whole.items()}
                case[name].view(-1)[0] += 0.1
                self.assertRaisesRegex(ValueError, "relative error", self.check, case)

    def test_nan_is_reported(self):
        case = make_case("lstm", torch.float32)
        case["gradient.output.bias"][0] = float("nan")
        self.assertRaisesRegex(ValueError, "gradient.output.bias", self.check, case)

    def test_missing_gradient_is_reported(self):
        case = make_case("lstm", torch.float32)
        del case["gradient.rnn.bias_hh_l1"]
        self.assertRaisesRegex(ValueError, "missing.*bias_hh_l1", self.check, case)

    def test_unknown_tensor_is_reported(self):
        case = make_case("lstm", torch.float32)
        case["window.mask"] = case["window.dropout_mask"]
        self.assertRaisesRegex(ValueError, "unknown.*window.mask", self.check, case)

    def test_wrong_shape_is_reported(self):
        case = make_case("lstm", torch.float32)
        case["result.logits"] = case["result.logits"].transpose(0, 1)
        self.assertRaisesRegex(ValueError, "shape", self.check, case)

    def test_unknown_cell_is_reported(self):
        self.assertRaisesRegex(ValueError, "cell", self.check, make_case("lstm", torch.float32), "elman")


class SafetensorsFileTest(unittest.TestCase):
    setUp = CaseTest.setUp

    def test_saved_tensors_come_back_with_type_shape_and_metadata(self):
        tensors = {
            "double": torch.rand(3, 1, 2, dtype=torch.float64),
            "odd": torch.arange(7, dtype=torch.int32),
            "scalar": torch.tensor(1.5),
            "transposed": torch.rand(2, 3).T,
            "empty": torch.empty(0, 4),
        }
        safetensors_file.save(self.path, tensors, {"key": "value"})
        loaded, metadata = safetensors_file.load(self.path)
        self.assertEqual(metadata, {"key": "value"})
        self.assertEqual(list(loaded), list(tensors))
        for name, tensor in tensors.items():
            self.assertEqual(loaded[name].dtype, tensor.dtype)
            self.assertEqual(loaded[name].shape, tensor.shape)
            self.assertTrue(torch.equal(loaded[name], tensor))

    def test_file_cut_anywhere_is_refused(self):
        safetensors_file.save(self.path, {"a": torch.rand(3), "b": torch.rand(2)})
        content = self.path.read_bytes()
        for length in range(len(content)):
            self.path.write_bytes(content[:length])
            with self.assertRaises(ValueError, msg=f"cut to {length} bytes"):
                safetensors_file.load(self.path)

    def test_header_longer_than_the_file_is_refused(self):
        self.path.write_bytes(struct.pack("<Q", 2**63) + b"{}")
        self.assertRaisesRegex(ValueError, "does not fit", safetensors_file.load, self.path)


if __name__ == "__main__":
    unittest.main()
