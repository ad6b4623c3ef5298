"""The same network in torch, written from its equations, for autograd to differentiate."""

import torch


class Spike(torch.autograd.Function):
    """A step, whose derivative is taken for a triangle."""

    @staticmethod
    def forward(ctx, above, height, width):
        ctx.save_for_backward(above)
        ctx.size = height, width
        return (above > 0).to(above.dtype)

    @staticmethod
    def backward(ctx, slope):
        (above,) = ctx.saved_tensors
        height, width = ctx.size
        return slope * height * torch.clamp(1 - above.abs() / width, min=0), None, None


class Feedback(torch.autograd.Function):
    """w_out forward, other weights back."""

    @staticmethod
    def forward(ctx, z, w_out, b_out):
        ctx.save_for_backward(z, b_out)
        return z @ w_out.T

    @staticmethod
    def backward(ctx, slope):
        z, b_out = ctx.saved_tensors
        return slope @ b_out.T, slope.T @ z, None


def run(net, x, stop):
    """Readouts (batch, steps, n_out), spikes, the three weights as leaves; stop: gradients stop where e-prop does."""
    w_in, w_rec, w_out = (torch.tensor(w, requires_grad=True) for w in (net.w_in, net.w_rec, net.w_out))
    back, beta = torch.tensor(net.feedback_weights), torch.tensor(net.betas)
    x = torch.tensor(x, dtype=torch.float64)
    v = torch.zeros(len(x), net.n_rec, dtype=torch.float64)
    a, z, wait, y = v, v, v, torch.zeros(len(x), net.n_out, dtype=torch.float64)
    readouts, spikes = [], []
    for t in range(x.shape[1]):
        sent = z.detach() if stop else z
        current = net.zeta * (x[:, t] @ w_in.T + sent @ w_rec.T)
        v = (net.alpha * v * (1 - sent) if net.reset == "hard" else net.alpha * v - net.threshold * sent) + current
        a = net.rho * a + z
        z = Spike.apply(v - (net.threshold + beta * a), net.dampening / net.threshold, net.width) * (wait <= 0)
        wait = torch.where(z > 0, torch.full_like(wait, net.refractory), wait - 1)
        y = net.kappa * y + net.readout_scale * Feedback.apply(z, w_out, back)
        readouts.append(y)
        spikes.append(z)
    return torch.stack(readouts, 1), torch.stack(spikes, 1), (w_in, w_rec, w_out)
