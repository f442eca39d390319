"""The glance itself, as it learns and as the program runs it."""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

LAYERS = (
    (1, 16, 2, 1), (16, 32, 2, 1), (32, 32, 1, 1),
    (32, 48, 2, 1), (48, 48, 1, 1), (48, 48, 1, 2), (48, 48, 1, 4), (48, 48, 1, 1),
)  # fmt: skip
"""Maps in and out, stride and dilation of each 3 x 3 convolution."""


class Glance(nn.Module):
    """One answer for each cell of 8 x 8 pixels: how likely letters stand in it."""

    def __init__(self) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for maps, more, stride, wide in LAYERS:
            steps += [
                nn.Conv2d(maps, more, 3, stride, padding=wide, dilation=wide, bias=False),
                nn.BatchNorm2d(more),
                nn.ReLU(),
            ]
        self.steps = nn.Sequential(*steps, nn.Conv2d(LAYERS[-1][1], 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (patches, 1, cells down, cells across), not yet a likelihood."""
        return self.steps(pixels)


def as_onnx(glance: Glance) -> bytes:
    """Return the network with its norms in its weights; it takes and gives what others of the program do."""
    nodes, weights = [], []
    name = "x"
    steps = list(glance.steps)
    for at, (_, _, stride, wide) in enumerate(LAYERS):
        conv, norm = steps[3 * at], steps[3 * at + 1]
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        kernel = conv.weight * scale[:, None, None, None]
        bias = norm.bias - norm.running_mean * scale
        weights += [_stored(f"w{at}", kernel), _stored(f"b{at}", bias)]
        nodes.append(
            helper.make_node(
                "Conv", [name, f"w{at}", f"b{at}"], [f"c{at}"],
                kernel_shape=[3, 3], strides=[stride] * 2, pads=[wide] * 4, dilations=[wide] * 2,
            )
        )  # fmt: skip
        nodes.append(helper.make_node("Relu", [f"c{at}"], [f"r{at}"]))
        name = f"r{at}"
    last = steps[-1]
    weights += [_stored("w", last.weight), _stored("b", last.bias)]
    nodes.append(helper.make_node("Conv", [name, "w", "b"], ["c"], kernel_shape=[1, 1]))
    nodes.append(helper.make_node("Sigmoid", ["c"], ["y"]))
    sides = (["n", 1, "rows", "columns"], ["n", 1, "down", "across"])
    graph = helper.make_graph(
        nodes,
        "glance",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, sides[0])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, sides[1])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _stored(name: str, values: Tensor) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values.detach().numpy()), name)
