"""Cases of the production side: ESRI, each firm closed in turn."""

from functools import partial

import numpy as np
from relparty.graph.production import systemic_risk
from relparty.graph.supply_network import Production
from relparty.graph.valuations import Floats
from scipy import sparse

from .contagion_form import Form, Inputs, matrix

LINKS, NEED = "edges_1based_supplier_customer_weight", "essentiality_supplier_x_customer"
FINE = 1e-10


def _network(inputs: Inputs, *, final_demand: bool) -> Production:
    sectors = inputs["sector"]
    levels = inputs.get("sector_levels") or sorted(set(sectors))
    links = [[supplier - 1, customer - 1, amount] for supplier, customer, amount in inputs[LINKS]]
    return Production(
        matrix(links, len(sectors)),
        np.array([levels.index(each) for each in sectors]),
        np.arange(len(levels)),
        np.array(inputs[NEED]),
        _totals(inputs, "revenue") if final_demand else None,
        _totals(inputs, "costs") if final_demand else None,
    )


def _totals(inputs: Inputs, key: str) -> Floats | None:
    return None if inputs.get(key) is None else np.array(inputs[key], np.float64)


def _risk(inputs: Inputs, *, eps: float | None = None, replaced: bool = True, final_demand: bool = True) -> Floats:
    """[total, downstream, upstream] of each firm closed; `eps` may be a number or a sentence that begins with one."""
    fine = float(str(inputs.get("eps") or FINE).split()[0])
    network = _network(inputs, final_demand=final_demand)
    replaced = replaced and inputs.get("market_share_substitution") not in (False, "off")
    found = systemic_risk(network, sparse.eye_array(len(inputs["sector"])), eps=eps or fine, replaced=replaced)
    return np.column_stack([found.total, found.downstream, found.upstream])


FORMS = (
    Form(
        ("sector", LINKS, NEED),
        ("sector_levels", "revenue", "costs", "market_share_substitution", "eps"),
        {
            "ESRI": _risk,
            "ESRI_cols_total_down_up": _risk,
            "ESRI_julia": lambda inputs: _risk(inputs)[:, 0],
            "ESRI_nosub": partial(_risk, replaced=False),
            "ESRI_eps0.01": partial(_risk, eps=0.01),
            "ESRI_no_final_demand_eps0.01": partial(_risk, eps=0.01, final_demand=False),
        },
    ),
)
