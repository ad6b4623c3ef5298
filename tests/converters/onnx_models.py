"""Small ONNX models with random weights, and what onnxruntime makes of them."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class Sketch:
    """A model in the making: `op` adds a node and gives its output's name."""

    def __init__(self, seed=0, opset=OPSET):
        self.rng = np.random.default_rng(seed)
        self.opset = opset
        self.nodes, self.constants, self.inputs = [], [], []

    def input(self, *shape, name="x", kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def constant(self, array, name=None):
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weights(self, *shape, low=-1.0, high=1.0):
        """Random numbers, none of them zero by chance."""
        return self.constant(self.rng.uniform(low, high, shape).astype(np.float32))

    def op(self, kind, *inputs, outputs=1, name=None, **attributes):
        name = name or f"{kind.lower()}{len(self.nodes)}"
        outs = [f"{name}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, outs, name=name, **attributes))
        return outs[0] if outputs == 1 else outs

    def model(self, *outputs):
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "sketch", self.inputs, ends, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    # ------------------------------------------------------------------------------------------- usual parts

    def conv(self, x, inner, out, *kernel, bias=True, groups=1, **attributes):
        weights = [self.weights(out, inner // groups, *kernel)]
        return self.op("Conv", x, *weights, *([self.weights(out)] if bias else []), group=groups, **attributes)

    def dense(self, x, inner, out):
        return self.op("Gemm", x, self.weights(out, inner), self.weights(out), transB=1)

    def relu(self, x):
        return self.op("Relu", x)


def runtime(model, *batches):
    """onnxruntime's first output, sample by sample, flattened: (batch, n)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString() if hasattr(model, "SerializeToString") else str(model), options
    )
    names = [value.name for value in session.get_inputs()]
    rows = []
    for sample in zip(*batches, strict=True):
        feed = {name: values[None].astype(np.float32) for name, values in zip(names, sample, strict=True)}
        rows.append(session.run(None, feed)[0].ravel())
    return np.stack(rows)
