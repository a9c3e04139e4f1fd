"""The record of processing activities (GDPR, article 30(1)), made of what stores say of themselves and of policy data.

Pure. Owns what the record has and in which order; knows no store.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from app.csv_table import Table
from app.pdp.bundle import Bundle
from app.privacy.consent import ConsentError
from app.privacy.purposes import Purpose
from app.privacy.stores.store import Described

_HEAD: Final = (
    "store",
    "title",
    "purposes",
    "categories of persons",
    "categories of data",
    "recipients",
    "region",
    "transfers",
    "retention",
    "security",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers for the processing (article 30(1)(a)). Empty where nobody has stated it yet."""

    name: str
    contact: str
    representative: str
    data_protection_officer: str
    joint_controllers: tuple[str, ...]

    @property
    def stated(self) -> bool:
        """Tell whether name and contact are there, which the law asks for."""
        return bool(self.name and self.contact)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingRecord:
    """The record. `transfers` has, by region, where the data may go from there, and on what ground."""

    controller: Controller
    purposes: tuple[Purpose, ...]
    stores: tuple[Described, ...]
    transfers: Mapping[str, tuple[str, ...]]
    made_at: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "law": "GDPR Art. 30(1)",
            "made_at": self.made_at,
            "controller": {
                "name": self.controller.name,
                "contact": self.controller.contact,
                "representative": self.controller.representative,
                "data_protection_officer": self.controller.data_protection_officer,
                "joint_controllers": list(self.controller.joint_controllers),
            },
            "purposes": [
                {"name": each.name, "title": each.title, "basis": each.basis, "law": each.law} for each in self.purposes
            ],
            "processing": [self._activity(each) for each in self.stores],
        }

    def table(self) -> Table:
        """Return the activities as a table."""
        rows = []
        for each in self.stores:
            shown = self._activity(each)
            rows.append(tuple("; ".join(cell) if isinstance(cell, list) else cell for cell in shown.values()))
        foot = "" if self.controller.stated else "the controller is not stated in the policy data"
        return Table(name="record-of-processing", head=_HEAD, rows=tuple(rows), foot=foot)

    def _activity(self, store: Described) -> dict[str, Any]:
        return {
            "store": store.name,
            "title": store.title,
            "purposes": list(store.purposes),
            "subjects": list(store.subjects),
            "categories": list(store.categories),
            "recipients": list(store.recipients),
            "region": store.region,
            "transfers": list(self.transfers.get(store.region, ())),
            "retention": store.retention,
            "security": store.security,
        }


def processing_record(
    bundle: Bundle, purposes: Iterable[Purpose], stores: Iterable[Described], made_at: str
) -> ProcessingRecord:
    """Return the record.

    Raises:
        ConsentError: `controller`, the policies in force do not say who answers, in a form that can be used.
    """
    controller, transfers = _parsed(bundle.data)
    return ProcessingRecord(
        controller=controller,
        purposes=tuple(purposes),
        stores=tuple(sorted(stores, key=lambda each: each.name)),
        transfers=transfers,
        made_at=made_at,
    )


@lru_cache(4)
def _parsed(text: str) -> tuple[Controller, Mapping[str, tuple[str, ...]]]:
    try:
        data = json.loads(text)
        stated = data["controller"]
        named = {name: stated[name] for name in ("name", "contact", "representative", "data_protection_officer")}
        joint = tuple(stated["joint_controllers"])
        transfers = _transfers(data["residency"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _unusable() from None
    if not all(isinstance(each, str) for each in (*named.values(), *joint)):
        raise _unusable()
    return Controller(joint_controllers=joint, **named), transfers


def _transfers(residency: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """Return, by region, where data may go from there and on what ground; a ground for nobody is none."""
    found: dict[str, list[str]] = {}
    for table in ("adequacy", "safeguards", "derogations"):
        for ground in residency.get(table, {}).values():
            who = "" if ground["recipients"] == ["*"] else ", to recipients that are listed"
            for home in ground["home"] if ground["recipients"] else ():
                found.setdefault(home, []).append(f"{ground['place']}: {ground['source']}{who}")
    return {home: tuple(grounds) for home, grounds in found.items()}


def _unusable() -> ConsentError:
    return ConsentError("controller", "the policies in force have no usable `controller` and `residency`")
