"""Rules from text: what is read, every fault, and that a printed rule reads as it was."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurokit.errors import RuleError
from neurokit.graph.check_rules import rule_faults
from neurokit.graph.plasticity import Apply, Before, HostStep, Rule, Signal, Term, Trace, Value
from neurokit.graph.plasticity_print import rule_text
from neurokit.graph.plasticity_text import rule, terms, terms_text

TRACES = {"x1": Trace("pre", 0.02), "y1": Trace("post", 0.02)}


def messages(weight="pre * x1 - post * y1", **fields):
    fields = {"traces": TRACES} | fields
    with pytest.raises(RuleError) as caught:
        rule("r", weight=weight, **fields)
    for fault in caught.value.faults:
        assert all((fault.node, fault.fact, fault.limit, fault.mend)), fault
        assert fault.node.startswith("r"), fault
        assert fault.mend[-1] in ".?", fault
    return [str(fault) for fault in caught.value.faults]


def message(*arguments, **fields):
    (found,) = messages(*arguments, **fields)
    return found


class TestReading:
    def test_pair_rule(self):
        found = rule("pair", weight="0.01 * post * x1 - 0.012 * pre * y1", traces=TRACES, citation="Bi & Poo")
        assert found == Rule(
            "pair",
            "Bi & Poo",
            TRACES,
            (Term(0.01, "post", (Value("x1"),)), Term(-0.012, "pre", (Value("y1"),))),
        )

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("pre", Term(1.0, "pre")),
            ("-pre", Term(-1.0, "pre")),
            ("2**-3 * pre * x1", Term(0.125, "pre", (Value("x1"),))),
            ("x1 * pre * 3 / 4", Term(0.75, "pre", (Value("x1"),))),
            ("pre * (x1 * 2)", Term(2.0, "pre", (Value("x1"),))),
            ("pre * x1 ** 2", Term(1.0, "pre", (Value("x1"), Value("x1")))),
            ("pre * (1 - w)", Term(1.0, "pre", (Value("w", -1, 1.0),))),
            ("pre * (w + 1 - 3)", Term(1.0, "pre", (Value("w", 1, -2.0),))),
            ("pre * (1 - 2 * w)", Term(2.0, "pre", (Value("w", -1, 0.5),))),
            ("pre * (w + 0)", Term(1.0, "pre", (Value("w"),))),
            ("pre * post", Term(1.0, "pre", (Value("post"),))),
            ("post * pre * x1", Term(1.0, "post", (Value("pre"), Value("x1")))),
            ("pre * (1 - post)", Term(1.0, "pre", (Value("post", -1, 1.0),))),
            ("rate * before(x1)", Term(1.0, "rate", (Before("x1"),))),
            ("A * step * w", Term(0.5, "step", (Value("w"),))),
            ("pre * sgn(w - 8)", Term(1.0, "pre", (Apply("sgn", ((1.0, (Value("w", 1, -8.0),)),)),))),
            ("step * step(x1 * y1 - 2)",
                Term(1.0, "step", (Apply("step", ((1.0, (Value("x1"), Value("y1"))), (-2.0, ()))),))),
            ("pre * sigmoid(4 * (x1 - 0.4))", Term(1.0, "pre", (Apply("sigmoid", ((4.0, (Value("x1", 1, -0.4),)),)),))),
            ("pre * abs(0.5)", Term(1.0, "pre", (Apply("abs", ((0.5, ()),)),))),
        ],
    )  # fmt: skip
    def test_one_term(self, text, expected):
        assert terms(text, {"A": 0.5}) == (expected,)

    def test_a_number_times_a_sum_is_written_out(self):
        assert terms("-2 * (pre * x1 - post)") == (Term(-2.0, "pre", (Value("x1"),)), Term(2.0, "post"))

    def test_lines_and_empty_texts(self):
        assert terms("pre * x1\n  - post * y1") == terms("pre * x1 - post * y1")
        assert terms("  ") == ()

    def test_what_lava_misreads_is_what_it_says(self):
        assert terms("pre * (y1 * 2)") == (Term(2.0, "pre", (Value("y1"),)),)  # Lava: x0 * (y1 + 2)
        assert terms("pre * (-1 * x1)") == (Term(-1.0, "pre", (Value("x1"),)),)  # Lava: x0 * (x1 - 1)


class TestFaultsOfTheText:
    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("pre * (x1", "'pre * (x1' is no expression; Python's parser says: '(' was never closed"),
            ("3", "term '3' has no gate; every term has one of pre, post, step, rate"),
            ("x0*(y1*2)", "term '2 * x0 * y1' has no gate; every term has one of pre, post, step, rate. Multiply it by"
                " the event in which it is added (Lava's x0 is pre"),
            ("pre * post * pre", "term 'pre * post * pre' names a gate twice"),
            ("step * pre * x1", "term 'step * pre * x1' has the gates step and pre; step and rate count time"),
            ("rate * step", "has the gates rate and step"),
            ("pre * (x1 + y1)", "term 'pre * (x1 + y1)' multiplies a sum; only (number + variable)"),
            ("pre * (1 - w + x1)", "multiplies a sum"),
            ("pre * (1 - w * w)", "multiplies a sum"),
            ("pre / x1", "term 'pre / x1' divides by what is no number; only / number is known"),
            ("pre / 0", "divides by what is no number"),
            ("pre * x1 ** 0.5", "term 'x1 ** 0.5' is no whole power; powers of a factor are 1 to 8"),
            ("pre * x1 ** 9", "is no whole power"),
            ("pre * x1 ** y1", "is a power of another kind"),
            ("pre * (-1) ** 0.5", "is no number; powers of numbers are finite and real"),
            ("pre * 0 ** -1", "is no number"),
            ("pre * 10.0 ** 400", "is no number"),
            ("pre * (1e300 * x1) ** 2", "is no number"),
            ("1e999 * pre", "term 'inf * pre' has an infinite scale"),
            ("1" + "0" * 400 + " * pre", "is no number of a float"),
            ("pre * exp(x1)", "term 'exp(x1)' calls an unknown function; functions of one argument: before, sgn"),
            ("pre * sgn(w, x1)", "calls an unknown function"),
            ("pre * x1.real()", "calls an unknown function"),
            ("pre * before(2)", "term 'before(2)' takes what is no trace"),
            ("pre * before(A)", "takes what is no trace"),
            ("pre * sgn(step * w)", "has a gate of time inside; step and rate gate terms"),
            ("pre * 'x1'", "term ''x1'' is not of the language of rules; a rule is a sum of products"),
            ("pre * True", "is not of the language of rules"),
            ("pre * x1[0]", "is not of the language of rules"),
            ("pre if x1 else post", "is not of the language of rules"),
            ("pre * 2j", "is not of the language of rules"),
            ("pre < x1", "is not of the language of rules"),
            ("-" * 6000 + "pre", "nests too deeply"),
            ("pre" + " + pre" * 3000, "has 18003 characters; the most is 10000. Shorten it."),
        ],
    )  # fmt: skip
    def test_fault(self, text, says):
        assert says in message(text, parameters={"A": 1.0})

    def test_all_faults_at_once(self):
        found = messages("pre * foo() + 3", tag="3", parameters={"x1": 1.0, "B": math.nan, "C": True})
        assert len(found) == 6
        assert "'r: tag': term '3' has no gate" in found[-1]

    def test_parameters(self):
        assert "parameter 'x1' has a name that is taken" in message(parameters={"x1": 1.0})
        assert "parameter 'pre' has a name that is taken" in message(parameters={"pre": 1.0})
        assert "parameter 'B' is nan; parameters are finite numbers" in message(parameters={"B": math.nan})

    def test_no_text(self):
        assert "is a int; a rule is text" in message(3)


class TestFaultsOfTheRule:
    @pytest.mark.parametrize(
        ("text", "mend"),
        [
            ("pre * u10 * x1", "Write step (or rate, per second): lowering chooses Lava's u"),
            ("post * x0 * x1", "Write pre for the source's spike."),
            ("pre * y0 * x1", "Write post for the target's spike."),
            ("pre * t * x1", "Write tag."),
            ("pre * d * x1", "Write tag2."),
            ("pre * dt * x1", "Write the gate rate"),
            ("pre * z * x1", "Use one of them, or declare it as a trace, signal or parameter."),
        ],
    )
    def test_unknown_factor(self, text, mend):
        found = message(text + " - post * y1")
        assert "has the unknown factor" in found
        assert "known: post, pre, tag, tag2, w, x1, y1" in found
        assert mend in found

    @pytest.mark.parametrize(
        ("trace", "says"),
        [
            (Trace("pre", 0.0), "'r: x1': tau is 0; a trace without memory is the spike itself"),
            (Trace("pre", -1.0), "tau is -1.0; a time constant is a positive number of seconds"),
            (Trace("pre", math.nan), "tau is nan"),
            (Trace("both", 1.0), "side is 'both'; a trace is of 'pre' or 'post' spikes"),
            (Trace("pre", 1.0, impulse=math.inf), "impulse is inf; an impulse is a finite number"),
            (Trace("pre", 1.0, impulse=0.0), "impulse is 0; such a trace stays 0"),
            (Trace("pre", 1.0, limit=0.0), "limit is 0.0; a trace saturates above 0"),
            (Trace("pre", 1.0, limit=math.nan), "limit is nan"),
        ],
    )
    def test_traces(self, trace, says):
        assert says in message(traces={**TRACES, "x1": trace})

    def test_a_trace_that_never_decays_is_sound(self):
        rule("r", weight="pre * x1", traces={"x1": Trace("pre", math.inf)})

    @pytest.mark.parametrize(
        ("signal", "says"),
        [
            (Signal("sing"), "'r: m': is an unknown signal 'sing'; known: modulation,"),
            (Signal("modulation"), "'modulation' lacks the parameter 'scale'; parameters: scale. Give it."),
            (Signal("modulation", {"scale": 1.0, "size": 2.0}), "'modulation' has no parameter 'size'"),
            (Signal("modulation", {"scale": math.nan}), "scale is nan; parameters are finite numbers"),
            (Signal("modulation", {"scale": 1.0}, limit=-1.0), "limit is -1.0; a signal is clipped to +-limit"),
            (Signal("spike_trace", {"impulse": 1.0, "tau": 0.0}), "tau is 0"),
        ],
    )
    def test_signals(self, signal, says):
        assert says in message("pre * x1 * m - post * y1", signals={"m": signal})

    def test_names(self):
        assert "a trace or signal is called 'w'" in messages("pre * w", traces={"w": Trace("pre", 1.0)})[0]
        assert "is called '1x'" in "".join(messages("pre * x1", traces={**TRACES, "1x": Trace("pre", 1.0)}))
        found = messages("pre * x1 * y1", signals={"x1": Signal("constant", {"value": 1.0})})
        assert "'x1' is a trace and a signal; names are unique" in "".join(found)

    def test_unused(self):
        assert "trace 'y1' is in no term; whatever a rule declares, a term uses" in message("pre * x1")
        signals = {"m": Signal("constant", {"value": 1.0})}
        assert "signal 'm' is in no term" in message(signals=signals)
        assert "'tag' changes, but no term uses it" in message(tag="pre * x1")
        assert "'tag' is a factor, but no term changes it; it stays 0" in message("pre * x1 * y1 * tag")
        rule("r", weight="pre * x1 * y1 * tag", traces=TRACES, tag_start=1.0)

    def test_before(self):
        assert "has before(w); before() is of a trace: x1, y1" in message("pre * before(w) + pre * x1 * y1")

    @pytest.mark.parametrize(
        ("fields", "says"),
        [
            ({"bounds": (1.0, 0.0)}, "bounds are 1.0 to 0.0; the lower lies below the upper"),
            ({"bounds": (math.nan, 0.0)}, "bounds are nan to 0.0"),
            ({"bounds": (0.0, 1.0, 2.0)}, "two numbers, the lowest and the highest weight"),
            ({"bounds": 1.0}, "bounds are 1.0; two numbers"),
            ({"bounds": ("a", "b")}, "two numbers, the lowest"),
            ({"tag_start": math.inf}, "tag_start is inf"),
            ({"interval": 0.0}, "interval is 0.0; seconds between evaluations, a positive number"),
            ({"interval": math.nan}, "interval is nan"),
            ({"host": (HostStep("twist", 1.0),)}, "operation 'twist' is unknown; known: normalise_rows"),
            ({"host": (HostStep("normalise_rows", 1.0),)}, "'normalise_rows' lacks the parameter 'total'"),
            ({"host": (HostStep("normalise_rows", 0.0, {"total": 1.0}),)}, "every is 0.0"),
        ],
    )
    def test_numbers(self, fields, says):
        assert says in message(**fields)

    def test_no_weight(self):
        assert "has no term of the weight" in message("", traces={})

    def test_objects(self):
        bad = (
            Term(math.nan, "pre"),
            Term(1.0, "often"),
            Term(1.0, "pre", (Value("pre"),)),
            Term(1.0, "pre", (Value("w", 2),)),
            Term(1.0, "pre", (Value("w", 1, math.inf),)),
            Term(1.0, "pre", (Apply("exp", ((math.nan, ()),)),)),
        )
        found = "\n".join(str(fault) for fault in rule_faults(Rule("", "", {}, bad)))
        for says in (
            "has no name",
            "has the scale nan",
            "has the gate 'often'",
            "has its gate as a factor too",
            "has 2 times a variable",
            "(w + inf)' has a number that is not finite",
            "applies 'exp'",
        ):
            assert says in found


# ------------------------------------------------------------------------------------------------------- round trip

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.sampled_from(["x1", "y1", "w", "tag", "tag2", "err"])
SPIKES = st.sampled_from(["pre", "post"])


@st.composite
def values(draw, names=NAMES):
    offset = draw(st.just(0.0) | NUMBERS)
    return Value(draw(names), draw(st.sampled_from([1, -1])) if offset else 1, offset + 0.0)


@st.composite
def functions(draw):
    name = draw(st.sampled_from(["sgn", "step", "rectified", "sigmoid", "clip01", "square", "abs"]))
    factors = st.lists(values() | values(SPIKES.filter(lambda n: n == "pre")), min_size=1, max_size=2).map(tuple)
    scale = NUMBERS.filter(bool)
    inner = draw(st.lists(st.tuples(scale, factors), min_size=1, max_size=3))
    if (
        all(len([f for f in fs if f == Value("pre")]) < 2 for _, fs in inner)
        and len(inner) != 1
        and draw(st.booleans())
    ):
        several = [*inner, (draw(scale), ())]
        if not (len(several) == 2 and len(inner[0][1]) == 1):  # (number + variable) is one factor
            inner = several
    return Apply(name, tuple(inner))


@st.composite
def a_term(draw):
    gate = draw(st.sampled_from(["pre", "post", "step", "rate"]))
    factors = draw(st.lists(values() | st.builds(Before, st.sampled_from(["x1", "y1"])) | functions(), max_size=4))
    if gate in ("pre", "post") and draw(st.booleans()):
        factors.append(Value("post" if gate == "pre" else "pre"))
    return Term(draw(NUMBERS) + 0.0, gate, tuple(factors))


@given(st.lists(a_term(), max_size=5).map(tuple))
@settings(max_examples=60, deadline=None)
def test_a_printed_rule_reads_as_it_was(some):
    assert terms(terms_text(some)) == some


def test_a_rule_in_lines():
    found = rule("r", weight="pre * tag", tag="post * x1 - rate * tag / 0.02", traces={"x1": TRACES["x1"]})
    assert rule_text(found) == "dw = pre * tag\ndtag = post * x1 - 50 * rate * tag"
