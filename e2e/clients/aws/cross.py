"""Places one hardware order, or reads any order through the hardware door, and prints JSON.

    cross.py place         ships and installs it too
    cross.py open          leaves it waiting for the provider
    cross.py read ID       the order's id as this door spells it
    cross.py cancel ID
"""

import json
import sys

from conftest import client, install, new_outpost

alice = client()


def order():
    items = alice.list_catalog_items(ItemClassFilter=["SERVER"])["CatalogItems"]
    item = next(i["CatalogItemId"] for i in items if i["ItemStatus"] == "AVAILABLE")
    outpost = new_outpost(alice)
    made = alice.create_order(
        OutpostIdentifier=outpost["OutpostId"],
        LineItems=[{"CatalogItemId": item, "Quantity": 2}],
        PaymentOption="PARTIAL_UPFRONT",
        PaymentTerm="THREE_YEARS",
    )["Order"]
    return {"id": made["OrderId"], "quantities": {item: 2}, "outpost": outpost["OutpostId"]}


def place():
    made = order()
    install(made["id"])
    return made


def read(order_id):
    got = alice.get_order(OrderId=order_id)["Order"]
    try:
        alice.get_outpost(OutpostId=got["OutpostId"])
        outpost = True
    except alice.exceptions.NotFoundException:
        outpost = False
    pages = alice.get_paginator("list_orders").paginate()
    of_outpost = []
    if outpost:
        of_outpost = [o["OrderId"] for o in alice.list_orders(OutpostIdentifierFilter=got["OutpostId"])["Orders"]]
    orderable = []
    for line in got["LineItems"]:
        try:
            alice.get_catalog_item(CatalogItemId=line["CatalogItemId"])
            orderable.append(line["CatalogItemId"])
        except alice.exceptions.NotFoundException:
            pass
    return {
        "order": got,
        "outpost": outpost,
        "orderable": orderable,
        "listed": order_id in [o["OrderId"] for p in pages for o in p["Orders"]],
        "listed_by_outpost": order_id in of_outpost,
    }


def cancel(order_id):
    alice.cancel_order(OrderId=order_id)
    return {}


verbs = {"place": place, "open": order, "read": read, "cancel": cancel}
print(json.dumps(verbs[sys.argv[1]](*sys.argv[2:]), default=str))
