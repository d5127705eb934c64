"""Cases of contagion: the forms, told apart by their inputs, and what relparty answers to each key of `expected`."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import contagion_balance, contagion_claims, contagion_production
from .case_files import TEXT, Answer
from .contagion_form import Form, Inputs

INPUTS = {"inputs"}
NAMED = re.compile(r"interbank|claims|guarantee|ownership|channel|debtrank|esri|receivable", re.IGNORECASE)
FORMS = (*contagion_claims.FORMS, *contagion_balance.FORMS, *contagion_production.FORMS)
KEYS = {key for form in FORMS for key in form.keys}


def answered(case: Mapping[str, Any], expect: Mapping[str, Any], tolerance: float) -> list[str]:
    """What differs between a case's answers and ours; a model, an input or a key that nobody reads is a difference."""
    inputs = _without_text(case["inputs"])
    form = form_of(inputs, expect)
    if form is None or not NAMED.search(case.get("model", "claims")):
        return [f"model {case.get('model')!r}: not supported"]
    unread = [f"input {key}: nobody reads it" for key in inputs if key not in (*form.marks, *form.others)]
    unread += [f"{key}: no answer of this form" for key in expect if key not in form.keys]
    return unread or [
        line for key, want in expect.items() for line in off(key, want, form.keys[key](inputs), tolerance)
    ]


def form_of(inputs: Inputs, expect: Mapping[str, Any]) -> Form | None:
    """Of the forms whose marks the inputs hold, the one that answers most of what is expected and reads most of it."""
    fitting = [form for form in FORMS if set(form.marks) <= set(inputs)]
    read = lambda form: len(set(inputs) & {*form.marks, *form.others})
    return max(fitting, key=lambda form: (len(set(expect) & set(form.keys)), read(form)), default=None)


def off(where: str, want: Answer, got: Answer, tolerance: float) -> list[str]:
    """One line for each number that differs by more than the tolerance or that nobody computes; order counts."""
    if isinstance(want, Mapping):
        asked = _without_text(want)
        unknown = [f"{where} {key}: nobody computes it" for key in asked if key not in got]
        known = [key for key in asked if key in got]
        return unknown + [line for key in known for line in off(f"{where} {key}", asked[key], got[key], tolerance)]
    wanted, ours = np.asarray(want, np.float64), np.asarray(got, np.float64)
    if wanted.shape != ours.shape:
        return [f"{where}: shape {ours.shape}, not {wanted.shape}"]
    places = np.argwhere(~(np.abs(wanted - ours) <= tolerance)).tolist()
    return [f"{where} {place}: {ours[tuple(place)]}, not {wanted[tuple(place)]}" for place in places]


def _without_text(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if not TEXT.fullmatch(key)}
