"""Places one pool order, or reads any order through the pool door, and prints JSON.

    cross.py place         a pool on demand, ready at once
    cross.py unpaid        a prepaid pool that waits for its payer
    cross.py read BASE36   the order's id in base 36, which stands behind the last dash of its name
    cross.py pool NAME     a pool's phase
"""

import json
import sys

from conftest import client, create, ended, order_list
from desk import until
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    CreateNetworkRequest,
    ListPoolsRequest,
    ListResourceFlavorsRequest,
    NetworkCreationRequest,
    NetworkMetadataCreation,
    NetworkMetadataLabels,
    NetworkSpec,
    ShowNetworkRequest,
    ShowOrderRequest,
    ShowPoolRequest,
)

alice = client()


def network(name):
    labels = NetworkMetadataLabels(os_modelarts_name=name, os_modelarts_workspace_id="0")
    body = NetworkCreationRequest("v1", "Network", NetworkMetadataCreation(labels=labels), NetworkSpec(cidr="192.168.0.0/16"))
    made = alice.create_network(CreateNetworkRequest(body=body)).metadata.name
    until(lambda: alice.show_network(ShowNetworkRequest(network_name=made)).status.phase == "Active", f"{made} active")
    return made


def order(name, **annotations):
    flavor = alice.list_resource_flavors(ListResourceFlavorsRequest()).items[0].metadata.name
    made = create(alice, name, network("net-" + name), (flavor, 3), **annotations)
    named = made.metadata.labels.os_modelarts_order_name
    return {"id": named.rsplit("-", 1)[1], "order": named, "pool": made.metadata.name, "quantities": {flavor: 3}}


def place():
    made = order("cross-pool")
    ended(alice, made["order"])
    return made


def unpaid():
    return order("cross-owed", billing_mode="1", period_type="2", period_num="1")


def read(base36):
    listed = order_list(alice, limit=500)["items"]
    found = [o for o in listed if o["orderName"].rsplit("-", 1)[1] == base36]
    assert len(found) == 1, (base36, [o["orderName"] for o in listed])
    one = found[0]
    details = alice.show_order(ShowOrderRequest(order_name=one["orderName"])).to_json_object()
    by_name = order_list(alice, involvedName=one["resourceName"])["items"]
    return {
        "order": one,
        "details": details,
        "listed_by_resource": one["orderName"] in [o["orderName"] for o in by_name],
        "in_pools": one["resourceName"] in [p.metadata.name for p in alice.list_pools(ListPoolsRequest()).items],
    }


def pool(name):
    try:
        return {"phase": alice.show_pool(ShowPoolRequest(pool_name=name)).status.phase}
    except ClientRequestException as e:
        return {"phase": str(e.status_code)}


verbs = {"place": place, "unpaid": unpaid, "read": read, "pool": pool}
print(json.dumps(verbs[sys.argv[1]](*sys.argv[2:])))
