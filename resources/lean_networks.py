"""Networks that give the same answers with less work: rewritten when they are taken out of their wheel.

Every rewrite is exact but for the rounding of floats:

- pictures are grey, so the first layer takes one channel, with the sum of its weights for three;
- maps of the first layers get empty channels up to a multiple of sixteen, and parts of a joined map are taken
  one by one, so that the runtime need not change the order of its pixels;
- two transposed convolutions whose stride is their size are convolutions of single pixels, which the runtime
  does in parallel, and a last step that puts the pixels in their places;
- x + x * gate is x * (1 + gate);
- weights below the normal range of a float are 0: they change no answer, and processors compute with them in
  microcode, which took three quarters of the time.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, helper, numpy_helper

Weights = NDArray[np.float32]

_BLOCK = 16
"""Channels that the runtime keeps side by side, on processors with the widest registers."""
_OTHER_BUILD = "The network is built in another way than expected."


def lean_detector(content: bytes) -> bytes:
    """Return the detector, taking pictures of shape (1, 1, rows, columns), with less to compute."""
    graph = Graph(content)
    graph.take_grey()
    graph.align_first_layers()
    graph.merge_transposed()
    graph.merge_gates()
    return graph.written()


def lean_recogniser(content: bytes) -> bytes:
    """Return the recogniser, taking lines of shape (1, 1, 48, columns)."""
    graph = Graph(content)
    graph.take_grey()
    return graph.written()


class Graph:
    """One network that is being rewritten: its steps in order and its weights by name."""

    def __init__(self, content: bytes) -> None:
        self._model = onnx.load_from_string(content)
        graph = self._model.graph
        self._weights = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self._steps = list(graph.node)
        self._without_copies()
        self._with_biases()

    def written(self) -> bytes:
        """Return the network as a file; the same bytes on every machine."""
        graph = self._model.graph
        used = {name for step in self._steps for name in step.input}
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(self._steps)
        for name in sorted(used & set(self._weights)):
            graph.initializer.append(numpy_helper.from_array(_normal(self._weights[name]), name))
        onnx.checker.check_model(self._model)
        return bytes(self._model.SerializeToString(deterministic=True))

    # What it is like at first -------------------------------------------------------------------------

    def _without_copies(self) -> None:
        same = {step.output[0]: step.input[0] for step in self._steps if step.op_type == "Identity"}
        self._steps = [step for step in self._steps if step.op_type != "Identity"]
        for step in self._steps:
            for at, name in enumerate(step.input):
                while name in same:
                    name = same[name]
                step.input[at] = name

    def _with_biases(self) -> None:
        """Make what is added to a convolution's answer a part of it."""
        for step in self._kind("Conv", "ConvTranspose"):
            users = self._users(step.output[0])
            if len(step.input) == 2 and len(users) == 1 and users[0].op_type == "Add":
                added = self._weights.get(users[0].input[1])
                if added is not None and added.ndim == 4 and added.shape[2:] == (1, 1):
                    step.input.append(self._new(added.ravel()))
                    step.output[0] = users[0].output[0]
                    self._steps.remove(users[0])

    # Rewrites -----------------------------------------------------------------------------------------

    def take_grey(self) -> None:
        """Let the first layer take one channel that stands for three equal ones."""
        first = self._kind("Conv")[0]
        red, green, blue = self._weight(first, 1).astype(np.float64).transpose(1, 0, 2, 3)
        first.input[1] = self._new((red + green + blue)[:, None].astype(np.float32))
        self._model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 1

    def align_first_layers(self) -> None:
        """Fill the first three maps up with empty channels; take the joined ones before the fourth apart."""
        convolutions = self._kind("Conv")[:4]
        fourth = convolutions[3]
        joined = self._maker(fourth.input[0])
        if joined.op_type != "Concat":
            raise ValueError(_OTHER_BUILD)
        weights = self._weight(fourth, 1)
        own = self._weight(convolutions[0], 1).shape[0]
        empty = 0
        for step in convolutions[:3]:
            mine = self._weight(step, 1)
            more = -len(mine) % _BLOCK
            step.input[1] = self._new(_with_channels(mine, more, empty))
            step.input[2] = self._new(np.pad(self._weight(step, 2), (0, more)))
            empty = more
        parts = (weights[:, :own], weights[:, own:])
        halves = []
        for source, part in zip(joined.input, parts, strict=True):
            half = onnx.NodeProto()
            half.CopyFrom(fourth)
            half.name, half.output[0] = f"{fourth.name} of {source}", f"{fourth.output[0]} of {source}"
            half.input[0], half.input[1] = source, self._new(_with_channels(part, 0, -part.shape[1] % _BLOCK))
            halves.append(half)
        del halves[0].input[2:]  # the bias is added once
        total = helper.make_node("Add", [half.output[0] for half in halves], [fourth.output[0]])
        self._steps.remove(joined)
        self._replace(fourth, [*halves, total])

    def merge_transposed(self) -> None:
        """Make the two transposed convolutions at the end convolutions of single pixels."""
        first, second = self._kind("ConvTranspose")
        between, last = self._users(first.output[0])[0], self._users(second.output[0])[0]
        if (between.op_type, last.op_type) != ("Relu", "Sigmoid"):
            raise ValueError(_OTHER_BUILD)
        (inner, inner_bias), (outer, outer_bias) = (
            (self._weight(step, 1), self._weight(step, 2)) for step in (first, second)
        )
        middle, entering = inner.shape[1], inner.shape[0]
        spread = inner.transpose(2, 3, 1, 0).reshape(4 * middle, entering, 1, 1)
        gathered = np.zeros((4, 4, 4, middle), np.float32)  # row, column, which of the four, channel
        for which in range(4):
            row, column = 2 * (which // 2), 2 * (which % 2)
            gathered[row : row + 2, column : column + 2, which] = outer[:, 0].transpose(1, 2, 0)
        single = {"kernel_shape": [1, 1]}
        names = [f"single {n}" for n in range(4)]
        made = [
            self._convolution(first.input[0], names[0], spread, np.tile(inner_bias, 4), **single),
            helper.make_node("Relu", [names[0]], [names[1]]),
            self._convolution(
                names[1], names[2], gathered.reshape(16, 4 * middle, 1, 1), outer_bias.repeat(16), **single
            ),
            helper.make_node("Sigmoid", [names[2]], [names[3]]),
            helper.make_node("DepthToSpace", [names[3]], [last.output[0]], blocksize=4, mode="DCR"),
        ]
        for step in (between, second, last):
            self._steps.remove(step)
        self._replace(first, made)

    def merge_gates(self) -> None:
        """Make x + x * gate one product of large maps."""
        one = self._new(np.ones((1, 1, 1, 1), np.float32))
        for add in self._kind("Add"):
            product = self._maker(add.input[1]) if add.input[1] not in self._weights else None
            if product is None or product.op_type != "Mul" or product.input[0] != add.input[0]:
                continue
            if len(self._users(product.output[0])) == 1:
                gate = f"1 + {product.input[1]}"
                self._replace(product, [helper.make_node("Add", [product.input[1], one], [gate])])
                self._replace(add, [helper.make_node("Mul", [add.input[0], gate], [add.output[0]])])

    # The steps ----------------------------------------------------------------------------------------

    def _kind(self, *kinds: str) -> list[NodeProto]:
        return [step for step in self._steps if step.op_type in kinds]

    def _users(self, name: str) -> list[NodeProto]:
        return [step for step in self._steps if name in step.input]

    def _maker(self, name: str) -> NodeProto:
        return next(step for step in self._steps if name in step.output)

    def _replace(self, step: NodeProto, by: Sequence[NodeProto]) -> None:
        at = self._steps.index(step)
        self._steps[at : at + 1] = by

    def _weight(self, step: NodeProto, at: int) -> Weights:
        return self._weights[step.input[at]]

    def _new(self, values: Weights) -> str:
        name = f"lean {len(self._weights)}"
        self._weights[name] = values
        return name

    def _convolution(
        self, source: str, target: str, weights: Weights, bias: Weights, **how: Any
    ) -> NodeProto:
        return helper.make_node("Conv", [source, self._new(weights), self._new(bias)], [target], **how)


def _with_channels(weights: Weights, leaving: int, entering: int) -> Weights:
    """Return weights of a convolution with so many empty channels more."""
    return np.pad(weights, ((0, leaving), (0, entering), (0, 0), (0, 0)))


def _normal(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype != np.float32:
        return values
    return np.where(np.abs(values) < np.finfo(np.float32).tiny, np.float32(0), values)
