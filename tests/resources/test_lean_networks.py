"""Rewritten networks answer as they did before: tried on small ones that are built like the real ones."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from viewer.resources import resource

TINY = np.float32(1e-40)


@pytest.fixture(scope="module")
def lean() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lean_networks", Path(resource("lean_networks.py")))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Builder:
    """A network with random weights; biases are added apart, and weights come through copies."""

    def __init__(self, seed: int) -> None:
        self.random, self.steps, self.weights = np.random.default_rng(seed), [], []

    def constant(self, values: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
        self.steps.append(helper.make_node("Identity", [name], [f"{name} copy"]))
        return f"{name} copy"

    def step(self, kind: str, *sources: str, **how: object) -> str:
        target = f"{kind} {len(self.steps)}"
        self.steps.append(helper.make_node(kind, list(sources), [target], name=target, **how))
        return target

    def weighed(self, kind: str, source: str, shape: tuple[int, ...], **how: object) -> str:
        values = self.random.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
        values[..., 0, 0] = np.where(self.random.random(shape[:2]) < 0.1, TINY, values[..., 0, 0])
        made = self.step(kind, source, self.constant(values), kernel_shape=list(shape[2:]), **how)
        channels = shape[1] if kind == "ConvTranspose" else shape[0]
        return self.step("Add", made, self.constant(self.random.normal(0, 0.3, (1, channels, 1, 1))))

    def model(self) -> ModelProto:
        self.steps[-1].output[0] = "answer"
        graph = helper.make_graph(
            self.steps,
            "built",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, "rows", "columns"])],
            [helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["n", "c", "r", "k"])],
            self.weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)


def detector(seed: int, *, gates: bool = True) -> bytes:
    net = Builder(seed)
    same = {"auto_pad": "SAME_UPPER"}
    half = {"strides": [2, 2], "pads": [1, 1, 1, 1]}
    first = net.step("Relu", net.weighed("Conv", "x", (24, 3, 3, 3), **half))
    second = net.step("Relu", net.weighed("Conv", first, (12, 24, 2, 2), **same))
    third = net.step("Relu", net.weighed("Conv", second, (24, 12, 2, 2), **same))
    pooled = net.step("MaxPool", first, kernel_shape=[2, 2], strides=[1, 1], **same)
    both = net.step("Concat", pooled, third, axis=1)
    map_ = net.step("Relu", net.weighed("Conv", both, (24, 48, 3, 3), **half))
    if gates:
        gate = net.step("GlobalAveragePool", map_)
        gate = net.step("HardSigmoid", net.weighed("Conv", gate, (24, 24, 1, 1)))
        map_ = net.step("Add", map_, net.step("Mul", map_, gate))
    large = net.step("Relu", net.weighed("ConvTranspose", map_, (24, 8, 2, 2), strides=[2, 2]))
    whole = net.weighed("ConvTranspose", large, (8, 1, 2, 2), strides=[2, 2])
    net.step("Sigmoid", whole)
    return net.model().SerializeToString()


def answer(content: bytes, picture: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    channels = session.get_inputs()[0].shape[1]
    return session.run(None, {"x": np.repeat(picture, channels, axis=1)})[0]


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 32)])
@pytest.mark.parametrize("gates", [True, False])
def test_the_detector_answers_as_before(lean: ModuleType, size: tuple[int, int], gates: bool) -> None:
    for seed in range(3):
        content = detector(seed, gates=gates)
        picture = np.random.default_rng(seed).normal(0, 1, (1, 1, *size)).astype(np.float32)
        before = answer(content, picture)
        after = answer(lean.lean_detector(content), picture)
        assert before.shape == after.shape == (1, 1, *size)
        assert before.std() > 0.01
        assert np.abs(before - after).max() < 1e-5


def test_the_steps_that_cost_are_gone(lean: ModuleType) -> None:
    made = ModelProto.FromString(lean.lean_detector(detector(1)))
    kinds = [step.op_type for step in made.graph.node]
    assert not {"Identity", "Concat", "ConvTranspose"} & set(kinds)
    assert made.graph.input[0].type.tensor_type.shape.dim[1].dim_value == 1
    for weights in made.graph.initializer:
        values = np.abs(numpy_helper.to_array(weights))
        assert ((values == 0) | (values >= np.finfo(np.float32).tiny)).all()


def test_the_same_bytes_come_out_each_time(lean: ModuleType) -> None:
    content = detector(4)
    assert lean.lean_detector(content) == lean.lean_detector(content)


def test_a_reader_takes_grey_too(lean: ModuleType) -> None:
    net = Builder(9)
    net.step("Relu", net.weighed("Conv", "x", (8, 3, 3, 3), pads=[1, 1, 1, 1]))
    content = net.model().SerializeToString()
    line = np.random.default_rng(2).normal(0, 1, (1, 1, 48, 96)).astype(np.float32)
    assert np.abs(answer(content, line) - answer(lean.lean_recogniser(content), line)).max() < 1e-5


def test_a_network_of_another_build_is_refused(lean: ModuleType) -> None:
    net = Builder(3)
    last = "x"
    for channels in ((4, 3), (4, 4), (4, 4), (4, 4)):
        last = net.step("Relu", net.weighed("Conv", last, (*channels, 1, 1)))
    with pytest.raises(ValueError, match="another way"):
        lean.lean_detector(net.model().SerializeToString())
