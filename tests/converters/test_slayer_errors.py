"""Every message of the `.net` converter: what it names, and that all faults of a file come at once."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from neurokit.converters.from_slayer import load
from neurokit.errors import ConversionError, FormatError, GraphError, InputError, NeurokitError
from tests.converters.conftest import conv, cuba, dense

ONES = np.ones((2, 3))
IMAGE = {"type": "input", "shape": [1, 4, 4]}
KERNEL = np.ones((2, 1, 3, 3))
ONE = np.ones((1, 1, 2, 2))


def fault_of(error: type[NeurokitError], path, **arguments):
    with pytest.raises(error) as caught:
        load(path, **arguments)
    (fault,) = caught.value.faults
    assert all((fault.node, fault.fact, fault.limit, fault.mend))
    return str(fault)


def without(layer, key):
    return {name: value for name, value in layer.items() if name != key}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"type": "SDNN", "vThMant": 2048},
            "vThMant is 2048; a sigma-delta state holds up to 2047 (24 bits, 12 behind",
        ),
        ({"type": "SDNN", "vThMant": None}, "has no 'neuron/vThMant'; a dense layer needs it"),
        ({"type": "SDNN", "vThMant": 1.5}, "1 of 1 values of neuron/vThMant are fractional"),
        ({"type": "SDNN", "activation": "sigmoid"}, "activation is 'sigmoid'; sigma-delta neurons rectify"),
        ({"type": "SDNN", "messageBits": 0}, "messageBits is 0; sigma-delta payloads are numbers"),
        ({"type": "LIF"}, "has neurons of type 'LIF'; neurokit reads LOIHI, CUBA, ALIF, SDNN,"),
        ({"type": "ADRF_IZ"}, "has neurons of type 'ADRF_IZ'"),
        ({"type": [1, 2]}, "has neurons of type 'None'"),
        ({"type": None}, "has no 'neuron/type'"),
        ({"refDelay": 1.5}, "1 of 1 values of neuron/refDelay are fractional"),
        ({"refDelay": -1}, "neuron/refDelay is -1; it is at least 0"),
        ({"refDelay": [1, 2, 3]}, "neuron/refDelay holds 3 values; it holds 1 or 2"),
        ({"refDelay": 5000}, "refDelay is 5000; a refractory period is at most 4096 steps"),
        ({"wgtExp": 8}, "wgtExp is 8; it runs from -8 to 7 (Loihi's weight exponent has 4 bits)"),
        ({"wgtExp": -1}, "weight is not divisible by its exponent; with the exponent -1 they are multiples of 2"),
        ({"wgtExp": [1, 1]}, "neuron/wgtExp holds 2 values; a layer has one"),
        ({"weight_exp": 4}, "weight_exp is 4; it runs from -3 to 3 (SLAYER keeps it to 3 bits"),
        ({"weight_exp": 0.5}, "1 of 1 values of neuron/weight_exp are fractional"),
        ({"weight_exp": 1, "refDelay": 3}, "has a weight_exp and a refDelay; no neuron model has both"),
        ({"gradedSpike": True}, "gradedSpike is True; neurokit reads gradedSpike 0 only"),
        ({"messageBits": 8}, "messageBits is 8; neurokit reads messageBits 0 only"),
        ({"vThMant": 131072}, "vThMant is 131072; Loihi holds 17 bits (131071)"),
        ({"vThMant": [80, 131072]}, "vThMant is 131072; Loihi holds 17 bits (131071)"),
        ({"vThMant": None}, "has no 'neuron/vThMant'; a dense layer needs it"),
        ({"iDecay": None}, "has no 'neuron/iDecay'"),
        ({"vDecay": None}, "has no 'neuron/vDecay'"),
        ({"vDecay": 0.5}, "1 of 1 values of neuron/vDecay are fractional (largest fraction 0.5)"),
        ({"vDecay": -1}, "neuron/vDecay is -1; it is at least 0"),
        ({"vDecay": [1, 2, 3, 4, 5]}, "neuron/vDecay holds 5 values; it holds 1 or 2"),
        ({"vDecay": "fast"}, "neuron/vDecay holds no numbers"),
        ({"vDecay": 1e12}, "neuron/vDecay is beyond 32 bits"),
        ({"iDecay": np.nan}, "1 of 1 values of neuron/iDecay are NaN or infinite"),
    ],
)
def test_neurons(write_net, changes, words):
    message = fault_of(ConversionError, write_net(dense(ONES, cuba(**changes)), dense(np.ones((2, 2)), cuba())))
    assert message.startswith("'0-dense': ")
    assert words in message


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"weight": 1.5 * ONES}, "6 of 6 values of weight are fractional (largest fraction 0.5); Loihi holds integers"),
        ({"weight": [[1, 2, np.inf]]}, "1 of 3 values of weight are NaN or infinite; they are finite"),
        ({"weight": [[np.nan, 2, np.inf]]}, "2 of 3 values of weight are NaN or infinite; they are finite"),
        ({"weight": 300 * ONES}, "a weight is 300; weights of one sign reach 255"),
        ({"weight": [[-129, 3, 200]]}, "odd weights beyond +-127"),
        ({"weight": [[-258, 2, 200]]}, "weights run from -258 to 200"),
        ({"weight": np.ones((2, 0))}, "weight holds no numbers"),
        ({"weight": None}, "has no 'weight'; a dense layer needs it"),
        ({"weight": {"real": ONES, "imag": ONES}}, "has complex weights"),
        ({"weight_rec": np.ones((2, 2))}, "has recurrent weights; layers of type dense_rec have them"),
        ({"type": "dense_rec"}, "has no 'weight_rec'; a dense_rec layer needs it"),
        ({"type": "dense_rec", "weight_rec": np.ones((2, 3))}, "weight_rec has shape (2, 3); it is (2, 2)"),
        ({"type": "dense_rec", "weight_rec": 0.5 * np.eye(2)}, "2 of 4 values of weight_rec are fractional"),
        ({"type": "dense_rec", "weight_rec": 300 * np.eye(2)}, "a weight is 300; weights of one sign reach 255"),
        ({"type": "dense_rec", "weight_rec": np.eye(2), "delay": [0, 1]}, "delays its spikes; a last layer's spikes"),
        ({"type": "dense_rec", "weight_rec": np.eye(2), "bias": [0, 1]}, "is recurrent and has a bias or weight_exp"),
        (
            {"type": "dense_rec", "weight_rec": np.eye(2), "delay_rec": [0, 1]},
            "delay_rec has shape (2,); it is one number or (2, 2)",
        ),
        ({"bias": [0.5, 0.25]}, "2 of 2 values of bias are fractional (largest fraction 0.5)"),
        ({"bias": "none", "delay": 3}, "bias holds no numbers"),
        ({"bias": [1.0, 2, 3]}, "bias holds 3 values; it holds 1 or 2"),
        ({"delay": [1.0, 2.5]}, "1 of 2 values of delay are fractional (largest fraction 0.5)"),
        ({"delay": 63}, "a delay is 63 steps; Loihi delays by up to 62 steps"),
        ({"delay": -1}, "delay is -1; it is at least 0"),
        ({"delay": [1, 2, 3, 4]}, "delay has shape (4,); it is one number or (2,) or (3,) or (2, 3)"),
    ],
)
def test_dense_layers(write_net, layer, words):
    message = fault_of(ConversionError, write_net({**dense(ONES, cuba()), **layer}))
    assert message.startswith(f"'0-{layer.get('type', 'dense')}': ")
    assert words in message


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (without(conv(KERNEL, (2, 2, 2)), "stride"), "has no 'stride'; a conv layer needs it"),
        (without(conv(KERNEL, (2, 2, 2)), "groups"), "has no 'groups'"),
        (conv(KERNEL, (2, 2, 2), stride=[1, 1, 1]), "stride holds 3 numbers; it holds 1 or 2"),
        (conv(KERNEL, (2, 2, 2), stride=[0, 1]), "stride is 0; it is at least 1"),
        (conv(KERNEL, (2, 2, 2), padding=[-1, 1]), "padding is -1; it is at least 0"),
        (conv(KERNEL, (2, 2, 2), groups=[1, 1]), "groups holds 2 numbers; it holds 1"),
        (conv(KERNEL[..., 0], (2, 2, 2)), "weight has shape (2, 1, 3); a kernel is (out,"),
        (conv(KERNEL, (2, 3, 3)), "states the shape (2, 3, 3), but its weights give (2, 2, 2)"),
        (
            conv(np.ones((2, 5, 3, 3)), (2, 2, 2)),
            "weight of shape (2, 5, 3, 3) does not fit 'input' of shape (1, 4, 4)",
        ),
        (conv(KERNEL, (2, 2, 2), delay=[1, 2, 3]), "delay has shape (3,); it is one number or (2,)"),
        (conv(KERNEL, (2, 2, 2), bias=[0.0, 1, 2]), "bias holds 3 values"),
        (conv(KERNEL, (2, 2, 2), bias=[1.0, 2], delay=[0, 1]), "delays its spikes; a last layer's spikes"),
        (conv(KERNEL, (1, 2, 2), type="pool"), "weight has shape (2, 1, 3, 3); a pool layer has one kernel"),
        (conv(ONE, (1, 2, 2), type="pool", neuron=cuba(vDecay=[1, 2])), "vDecay holds 2 values; it holds 1"),
        (conv(ONE, (1, 8, 8), type="unpool"), "has a kernel of 2 rows, stride 1, padding 0, dilation 1; with anything"),
        (conv(KERNEL, (1, 6, 6), type="convT"), "weight of shape (2, 1, 3, 3) does not fit 'input' of shape (1, 4, 4)"),
    ],
)
def test_image_layers(write_net, layer, words):
    message = fault_of(ConversionError, write_net(IMAGE, layer))
    assert message.startswith(f"'1-{layer['type']}': ")
    assert words in message


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"type": "input", "neuron": cuba()}, "has no 'shape'"),
        ({"type": "input", "neuron": cuba(), "shape": [2, 2]}, "shape is [2, 2]; an input is (n,) or"),
        ({"type": "input", "neuron": cuba(), "shape": [0]}, "shape is 0; it is at least 1"),
        ({"type": "input", "neuron": cuba(), "shape": [3], "delay": [1, 2, 3]}, "delays its spikes"),
        (
            {"type": "input", "neuron": cuba(vDecay=[1, 2]), "shape": [3]},
            "neuron/vDecay holds 2 values; it holds 1 or 3",
        ),
    ],
)
def test_input_layers(write_net, layer, words):
    message = fault_of(ConversionError, write_net(layer, dense(ONES, cuba())))
    assert message.startswith("'0-input': ")
    assert words in message


@pytest.mark.parametrize(
    ("kind", "mend"),
    [
        ("concat", "without skips"),
        ("average", "remove it"),
        ("kwta", "without it"),
        ("input", "without it"),
    ],
)
def test_unsupported_layers(write_net, kind, mend):
    path = write_net(dense(np.ones((3, 3)), cuba()), {"type": kind, "shape": [3]}, dense(ONES, cuba()))
    message = fault_of(ConversionError, path)
    assert message.startswith(f"'1-{kind}': is a layer of type '{kind}'; neurokit reads")
    assert "not supported yet" in message
    assert mend in message


def test_a_layer_without_neurons_must_be_the_last(write_net):
    message = fault_of(ConversionError, write_net(dense(np.ones((3, 3)), None), dense(ONES, cuba())))
    assert message.startswith("'0-dense': has no neuron group; only the last layer may be a readout without neurons.")


def test_delays_of_both_ends_add_up_to_no_more_than_loihi_has(write_net):
    first = dense(np.ones((2, 3)), cuba(), type="dense_rec", weight_rec=np.eye(2), delay=[0, 40])
    message = fault_of(ConversionError, write_net(first, dense(np.ones((2, 2)), cuba(), delay=[0, 30])))
    assert message.startswith(
        "'1-dense': delays of '0-dense_rec' and its own make 71 steps; a connection takes at most 63"
    )


def test_a_bias_in_the_potential_is_one_in_a_current_without_memory(write_net):
    neuron = cuba(type="ALIF", iDecay=4096, **MOVES)
    found = load(write_net(dense(ONES, neuron, bias=[1, 2]))).populations["0-dense"].neuron
    np.testing.assert_array_equal(found.bias, [64, 128])


def test_layers_must_chain(write_net):
    path = write_net(dense(np.ones((4, 5)), cuba()), dense(ONES, cuba()), dense(np.ones((1, 2)), cuba()))
    message = fault_of(ConversionError, path)
    assert message.startswith(
        "'1-dense': weight of shape (2, 3) does not fit '0-dense' of shape (4,); layers must chain."
    )


def test_a_convolution_does_not_read_a_flattened_layer(write_net):
    flatten = {"type": "flatten", "shape": [16, 1, 1]}
    message = fault_of(ConversionError, write_net(IMAGE, flatten, conv(KERNEL, (2, 2, 2))))
    assert "does not fit 'input' of shape (16,)" in message


def test_a_file_that_starts_with_a_convolution(write_net):
    message = fault_of(ConversionError, write_net(conv(KERNEL, (2, 2, 2))))
    assert message.startswith("'0-conv': reads images of unknown size;")


@pytest.mark.parametrize("ts", [0, -1, np.nan, [1, 2], "fast"])
def test_the_step_of_a_file(write_net, ts):
    path = write_net(dense(ONES, cuba()), simulation={"Ts": ts})
    assert fault_of(ConversionError, path).startswith("'simulation/Ts': is ")
    assert load(path, dt=1e-3).dt == 1e-3


def test_all_faults_of_a_file_come_at_once(write_net):
    path = write_net(
        {"type": "input", "shape": [1, 4, 4], "neuron": cuba(type="LIF")},
        conv(KERNEL / 2, (2, 2, 2), neuron=cuba(refDelay=0.5)),
        {"type": "concat", "shape": [2, 1, 1]},
        dense(ONES, cuba(gradedSpike=True, vThMant=None), delay=99),
        dense(np.ones((2, 7)), cuba()),
        simulation={"Ts": -1},
    )
    with pytest.raises(ConversionError) as caught:
        load(path)
    assert [fault.node for fault in caught.value.faults] == [
        "simulation/Ts", "0-input", "1-conv", "1-conv", "2-concat", "3-dense", "3-dense", "3-dense", "4-dense",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"reset": "soft"}, "'reset': is 'soft'; this source takes 'hard'."),
        ({"inputs": "frames"}, "'inputs': is 'frames'; this source takes 'current' or 'spikes'."),
        ({"inputs": "current"}, "'inputs': is 'current', but the file has no input layer with neurons;"),
        ({"fires": ">>"}, "'fires': is '>>'; this source takes '>' or '>='."),
        ({"dt": 0}, "'dt': is 0; a step is a positive number of seconds."),
        ({"dt": float("nan")}, "'dt': is nan; a step is a positive number of seconds."),
        ({"dt": "1ms"}, "'dt': is '1ms'; a step is a positive number of seconds."),
    ],
)
def test_arguments(write_net, arguments, words):
    assert fault_of(InputError, write_net(dense(ONES, cuba())), **arguments).startswith(words)


def test_a_file_without_populations(write_net):
    with pytest.raises(GraphError, match="there is no population"):
        load(write_net({"type": "input", "shape": [3]}))


def test_files_that_are_none(tmp_path):
    path = tmp_path / "network.net"
    assert "does not exist" in fault_of(FormatError, path)
    assert "is a folder" in fault_of(FormatError, tmp_path)
    path.touch()
    assert "is empty" in fault_of(FormatError, path)
    path.write_text("PK not a network")
    assert "is not an HDF5 file" in fault_of(FormatError, path)
    assert "cannot be opened" in fault_of(FormatError, tmp_path / ("n" * 300 + ".net"))
    assert "is a int" in fault_of(FormatError, 5)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os = pytest.importorskip("os")
    os.mkfifo(tmp_path / "pipe.net")
    assert "is not a regular file" in fault_of(FormatError, tmp_path / "pipe.net")


@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_truncated_files(write_net, part):
    path = write_net(dense(np.ones((50, 60)), cuba()))
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    message = fault_of(FormatError, path)
    assert message.startswith(f"'{path}': is truncated or damaged (")
    assert "\n" not in message


def test_damage_inside_a_file(tmp_path):
    path = tmp_path / "network.net"
    weight = np.random.default_rng(0).integers(-9, 9, (50, 60))
    with h5py.File(path, "w") as file:
        stored = file.create_dataset("layer/0/more", data=weight, compression="gzip")
        place = stored.id.get_chunk_info(0).byte_offset
    with path.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\xff" * 40)
    assert "is truncated or damaged" in fault_of(FormatError, path)


def test_links_that_lead_nowhere_or_in_circles(write_net):
    path = write_net(dense(ONES, cuba()))
    with h5py.File(path, "a") as file:
        file["layer/0/delay"] = h5py.SoftLink("/nowhere")
    assert "'/layer/0/delay' is a soft link" in fault_of(FormatError, path)
    with h5py.File(path, "a") as file:
        del file["layer/0/delay"]
        file["layer/0/delay"] = file["layer"]
    assert "is not read: it is no tree" in fault_of(FormatError, path)


def _strip(path, *names):
    with h5py.File(path, "a") as file:
        for name in names:
            del file[name]
    return path


def test_files_without_layers(write_net):
    assert "has no /layer group" in fault_of(FormatError, write_net())
    assert "has no /layer group" in fault_of(FormatError, _strip(write_net(dense(ONES, cuba())), "layer"))
    layers = [dense(np.ones((3, 3)), cuba())] * 3
    assert "has layers 0, 2;" in fault_of(FormatError, _strip(write_net(*layers), "layer/1"))
    assert "states no type of layer 1" in fault_of(FormatError, _strip(write_net(*layers), "layer/1/type"))


def test_a_decoder_has_no_bias(write_net):
    marked = cuba(type="SDNN", sigma_output=True)
    message = fault_of(
        ConversionError, write_net(dense(ONES, cuba(type="SDNN")), dense(np.ones((2, 2)), marked, bias=[1, 2]))
    )
    assert message.startswith("'1-dense': is marked sigma_output and has a bias")


TURN = {"type": "RF_PHASE", "sinDecay": 1500, "cosDecay": 3600, "vThMant": 20}
MOVES = {"thDecay": 100, "refDecay": 200, "vThStep": 5}
COMPLEX = {"real": ONES, "imag": -ONES}


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (dense(COMPLEX, cuba()), "has complex weights; only resonate-and-fire neurons take them"),
        (dense(ONES, TURN), "has resonate-and-fire neurons in a dense layer with real weights"),
        (
            dense(COMPLEX, TURN, type="dense_rec", weight_rec=np.eye(2)),
            "has complex recurrent weights; SLAYER does not export them either",
        ),
        (dense(COMPLEX, {**TURN, "refDelay": 2}), "refDelay is 2; neurons of this type have refDelay 1 only"),
        (dense(COMPLEX, {**TURN, **MOVES, "type": "ADRF_PHASE", "thDecay": None}), "has no 'neuron/thDecay'"),
        (
            dense(COMPLEX, {**TURN, **MOVES, "type": "ADRF_PHASE", "vThStep": 131072}),
            "vThStep is 131072; the potential reaches 131071",
        ),
        (dense(ONES, cuba(type="ALIF", **MOVES), bias=[1, 2]), "has ALIF neurons and a bias; SLAYER adds it"),
        (dense(ONES, cuba(type="ALIF", **{**MOVES, "vThStep": 131072})), "vThStep is 131072; Loihi holds 17 bits"),
        (dense(ONES, cuba(type="ALIF", **MOVES, weight_exp=1)), "weight_exp is 1; neurons of this type have"),
        (dense({"real": ONES, "imag": np.ones((2, 4))}, TURN), "have shapes (2, 3) and (2, 4); they must agree"),
        (dense({"real": ONES}, TURN), "has no 'weight/imag'"),
        (dense({"real": ONES / 2, "imag": ONES}, TURN), "6 of 6 values of weight/real are fractional"),
        (dense({"real": ONES, "imag": 300 * ONES}, TURN), "a weight is 300; weights of one sign reach 255"),
        (dense(COMPLEX, {**TURN, "vThMant": 131072}), "vThMant is 131072; the potential reaches 131071"),
        (dense(COMPLEX, {**TURN, "gradedSpike": True}), "gradedSpike is True"),
        (dense(COMPLEX, TURN, bias=[1, 2]), "has resonate-and-fire neurons and a bias"),
        (
            {"type": "input", "shape": [3], "neuron": TURN},
            "has resonate-and-fire neurons; neurokit reads resonate-and-fire neurons in layers with complex weights",
        ),
    ],
)
def test_complex_layers(write_net, layer, words):
    message = fault_of(ConversionError, write_net(layer))
    assert message.startswith("'0-")
    assert words in message
