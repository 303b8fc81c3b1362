"""Places one imagery order, or reads any order through the imagery door, and prints JSON.

    cross.py place
    cross.py read ID       the order's id as this door spells it
    cross.py spent         what the account has been charged for imagery
"""

import json
import sys

from conftest import PLACES, Archive, area, finish
from desk import env
from max_ard.admin import AccountManager
from max_ard.metadata import search_by_area
from max_ard.order import Order


def place():
    found = Archive([f for bbox in PLACES.values() for f in search_by_area(bbox=bbox)["features"]])
    # Some whole cell's fraction, so that what other doors round up and down differs.
    tile = next(t for t in found.of("standard") if 1 < area(t) % 1 + 1 < 1.99)
    order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, destination=f"s3://{env['ARD_BUCKET']}/cross")
    order.submit()
    finish(order)
    used = order.usage
    return {
        "id": order.order_id,
        "quantities": {"standard": used.area.standard_imagery_sqkm},
        "charged": used.cost.total_imagery_cost,
        "acquisitions": [{"id": tile.acq_id, "cells": [tile.cell_id]}],
        "output": {"bucket": env["ARD_BUCKET"], "prefix": "cross"},
    }


def read(order_id):
    parsed = Order.from_id(order_id)  # the client's models take the answer
    raw = Order.get_order(order_id)
    return {
        "status": parsed.status,
        "message": raw.get("status_message") or "",
        "acquisitions": raw["order"]["acquisitions"],
        "output": raw["order"]["output_config"],
        "usage": raw["order"].get("usage"),
        "listed": order_id in [o.order_id for o in Order.list_orders()],
    }


def spent():
    return AccountManager().get_account_usage().cost.total_imagery_cost


print(json.dumps({"place": place, "read": read, "spent": spent}[sys.argv[1]](*sys.argv[2:])))
