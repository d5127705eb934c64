"""Numbers that a training run is free to choose; saved with the model that they made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Config:
    """Each with what it does; none of them switches the architecture."""

    units: int = 16  # of the hazard network: enough for the bend of a default curve, few enough for 150 defaults
    rounds: int = 3  # of spreading while training, going on from the step before; scoring settles instead
    steps: int = 240  # of Adam
    links_a_step: int = 400_000  # days are drawn for a step until they hold so many links; all days where they fit
    settled: int = 100  # steps until the links have found their weight; from then on the validation day chooses
    look: int = 20  # steps between two looks at it
    rate: float = 0.02  # step size at first; it falls as half a cosine
    rate_of_links: float = 0.05  # step size of theta and severities: they settle before F learns its days by heart
    rate_of_sheets: float = 0.05  # step size of how far each balance sheet is believed
    ridge: float = 2.0  # for each default, pull of what is not the balance sheet towards no effect
    ridge_of_words: float = 7.0  # the same for industry, region, legal form: what a year did to one passes with it
    trust: float = 2.0  # pull towards what is usual: of theta to 1, with a spread of 1; of channels to it, a half
    doubt: float = 2.0  # pull of what ties carry, and of theta, towards nothing, which real harm soon outgrows
    members: int = 4  # networks behind each interval, each trained on years drawn anew
    member_steps: int = 60  # of each, from where the first one ended
    seed: int = 0  # of the starting weights
    threads: int = 1  # of torch; the same number gives the same bits
    resamples: int = 500  # behind each interval of the card


@contextmanager
def same_bits(config: Config) -> Iterator[None]:
    """Torch as the model has it: its threads and seed, no operation that may differ from run to run; then as before."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(mode=True)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(mode=strict)
