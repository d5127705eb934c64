"""What each GLEIF relationship type becomes in the register; a share is never made of it.

In `related_to` the other party is the <relation> of the party: `other_id` is the fund_manager of `party_id`. An
ultimate parent is such a tie and no control link of its own, which would shorten the chain of direct parents; a firm
of which no direct parent is in force is controlled by its ultimate one all the same: who follows control reads both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Tie:
    """A table of the dictionary, its basis or relation, and which end of the relationship comes first in it."""

    table: Literal["controls", "related_to"]
    meaning: str
    first: Literal["start", "end"]


TIES: Mapping[str, Tie] = {
    "IS_DIRECTLY_CONSOLIDATED_BY": Tie("controls", "consolidated_accounts", "end"),
    "IS_ULTIMATELY_CONSOLIDATED_BY": Tie("related_to", "ultimate_parent", "start"),
    "IS_INTERNATIONAL_BRANCH_OF": Tie("controls", "branch", "end"),
    "IS_FUND-MANAGED_BY": Tie("related_to", "fund_manager", "start"),
    "IS_SUBFUND_OF": Tie("related_to", "subfund", "end"),
    "IS_FEEDER_TO": Tie("related_to", "feeder", "end"),
}
