"""Float tolerances of the tests, each with its reason. Integer results have none: they match bit for bit."""

# The lava-nc wheel's convolutions were computed by torch in float32 (24-bit significand, sums of up to 320 products
# with partial sums in the thousands); ours are float64 or exact. Measured: at most 1.05e-3 absolute.
TORCH_CONVOLUTION = {"rtol": 0.0, "atol": 2e-3}

# The same sums in float64 in another order; values reach 2e3, where a unit in the last place is 5e-13.
FLOAT64_SUMS = {"rtol": 0.0, "atol": 1e-9}

# norse keeps v in float32: |v| < 0.1, so half a unit in the last place is 3.7e-9 a step, damped by 1 - dt/tau = 0.96
# (25 steps of memory). Measured: 2.4e-8; Rockpool's and sinabs's, which decay by exp(-dt/tau): 1.7e-8.
NORSE_POTENTIAL = {"rtol": 0.0, "atol": 1e-7}

# Norse's layers in float32: |v| < 1 and weighted sums of six inputs, 25 steps of memory. Measured: 6.5e-8.
NORSE_LAYERS = {"rtol": 0.0, "atol": 1e-6}

# snnTorch, float32, in its own unit (v times 25, up to 2.5): as norse, times 25. Measured: 9.9e-7.
SNNTORCH_POTENTIAL = {"rtol": 0.0, "atol": 1e-5}

# numpy's cosine and the C library's, which kernels call, differ by units in the last place; some hundred steps of it.
COSINES = {"rtol": 0.0, "atol": 1e-11}

# Weights of 8 bits are off by up to 1/254 of the largest, 0.9 % of their root mean square where they are normal; that
# three layers add up. Measured over 60 networks: 0.011 on average, 0.026 at the most (relative root mean square of the
# outputs); several hundred random ones are drawn.
EIGHT_BIT_LAYERS = 0.05

# The same exponentials as powers of one factor instead of exp of each gap: up to 40 products in float64, values to 1e2.
FILTERED_TRAINS = {"rtol": 1e-9, "atol": 1e-10}

# onnxruntime computes in float32: half a unit in the last place is 6e-8, over sums of some hundred products of order 1,
# a few layers deep. Ours are float64. Measured: at most 1.1e-5.
ONNXRUNTIME = {"rtol": 1e-5, "atol": 5e-5}

# mnist-8.onnx on pixels of 0 to 255: logits reach 1e4, of which half a unit in float32 is 5e-4. Measured: 3.3e-3.
MNIST_LOGITS = {"rtol": 0.0, "atol": 1e-2}

# Random networks of three or four layers in 8-bit weights, of the outputs' largest value. Measured: at most 0.03.
INTEGER_LAYERS = 0.06

# torch dequantises in single precision, we in double: half a unit in the last place of a float32 is 6e-8, relatively.
DEQUANTISED = {"rtol": 1e-6, "atol": 0.0}

# snnTorch keeps v, here up to 13, in single precision: a spike may differ from ours (in double) where v lies so near
# to the threshold. Half a unit in the last place is 4.8e-7, and a leak of 0.8 remembers five of them. Measured: none
# differs in 5 networks of 100 neurons over 2,000 steps.
SINGLE_PRECISION_TIE = 1e-5

# Lava's floating-point learning engine against ours: the same products in another order, over hundreds of steps, the
# second tag on top of an offset of 1024.
LAVA_FLOAT_LEARNING = 1e-9

# NEST writes its losses with 12 digits and sums in another order, over five iterations. Measured: 1.5e-12.
EPROP_REFERENCE = 1e-11

# Gradients of e-prop and BPTT in double precision, of the largest: sums in another order over 120 steps. Measured:
# 8e-15.
EPROP_EXACT = 1e-12
