"""Places one allocation, or reads any order through the allocations door, and prints JSON.

    cross.py place         approved and done by its provider
    cross.py open          a desk order that waits for its provider
    cross.py read UUID     the order's id as this door spells it
    cross.py approve UUID | cancel UUID | done UUID     as owner, as owner, as provider
"""

import json
import sys

from conftest import call, every, finish, place as order_of, report, someone
from desk import env

alice, pat = someone(env["WALDUR_TOKEN"]), someone(env["WALDUR_PROVIDER_TOKEN"])


def place():
    placed = order_of(alice, limits={"gpu": 100, "storage": 5})
    finish(pat, placed.uuid)
    report(pat, placed.marketplace_resource_uuid, cpu="10.50")
    # What is ordered of a component that is not asked for by amount counts one (setup) or nothing (cpu).
    return {"id": placed.uuid.hex, "quantities": {"gpu": 100, "storage": 5}, "charged": 275, "metered": 47.25}


def open_():
    placed = order_of(alice, "BASIC_", {"storage": 5})
    return {"id": placed.uuid.hex, "quantities": {"storage": 5}}


def read(uuid):
    got = call("marketplace_orders", "retrieve", alice, uuid)
    made = call("marketplace_resources", "retrieve", alice, got.marketplace_resource_uuid)
    usages = every("marketplace_component_usages", alice, resource_uuid=got.marketplace_resource_uuid)
    return {
        "order": got.to_dict(),
        "resource": made.to_dict(),
        "usages": {u.type_: str(u.usage) for u in usages},
        "listed": uuid in [o.uuid.hex for o in every("marketplace_orders", alice)],
        "customer": env["WALDUR_CUSTOMER_UUID"],
        "project": env["WALDUR_PROJECT_UUID"],
    }


def approve(uuid):
    call("marketplace_orders", "approve_by_consumer", alice, uuid)
    return {}


def cancel(uuid):
    call("marketplace_orders", "cancel", alice, uuid)
    return {}


def done(uuid):
    finish(pat, uuid)
    return {}


verbs = {"place": place, "open": open_, "read": read, "approve": approve, "cancel": cancel, "done": done}
print(json.dumps(verbs[sys.argv[1]](*sys.argv[2:]), default=str))
