"""Resource pools with the Huawei SDK: made, changed and deleted, and the orders that come of it."""

import time

import pytest
from conftest import client, create, ended, new_name, order_list, order_named, pool_gone
from desk import env, show, until
from huaweicloudsdkmodelarts.v1 import (
    CreateNetworkRequest,
    DeleteNetworkRequest,
    DeletePoolRequest,
    ListNetworksRequest,
    ListPoolsRequest,
    ListResourceFlavorsRequest,
    NetworkCreationRequest,
    NetworkMetadataCreation,
    NetworkMetadataLabels,
    NetworkSpec,
    PatchPoolRequest,
    PoolMetadataUpdate,
    PoolMetadataUpdateAnnotations,
    PoolSpecUpdate,
    PoolSpecUpdateResources,
    PoolUpdateRequest,
    ShowNetworkRequest,
    ShowOrderRequest,
    ShowPoolRequest,
)


def show_pool(owner, pool):
    return owner.show_pool(ShowPoolRequest(pool_name=pool))


def scale(owner, pool, *resources):
    spec = PoolSpecUpdate(resources=[PoolSpecUpdateResources(flavor=f, count=n) for f, n in resources])
    return owner.patch_pool(PatchPoolRequest(pool_name=pool, body=PoolUpdateRequest(spec=spec)))


def delete(owner, pool):
    owner.delete_pool(DeletePoolRequest(pool_name=pool))
    until(lambda: pool_gone(owner, pool), f"{pool} gone")


def counts(order, key):
    return {c["flavor"]: c["count"] for c in order.get(key) or []}


def test_flavors_are_listed_and_paged(alice, flavors):
    assert len(flavors) >= 4 and all(f.startswith("modelarts.vm.") for f in flavors)
    for f in alice.list_resource_flavors(ListResourceFlavorsRequest()).items:
        assert isinstance(f.spec.cpu, str) and f.spec.memory.endswith("Gi") and f.spec.billing_modes
    found, mark = [], None
    while True:
        request = ListResourceFlavorsRequest(limit=2)
        if mark:
            request._continue = mark
        page = alice.list_resource_flavors(request)
        assert len(page.items) <= 2
        found += [f.metadata.name for f in page.items]
        mark = page.metadata._continue
        if not mark:
            break
    assert found == flavors


def test_networks_are_made_listed_and_deleted(alice, network):
    labels = NetworkMetadataLabels(os_modelarts_name="net-passing", os_modelarts_workspace_id="0")
    body = NetworkCreationRequest("v1", "Network", NetworkMetadataCreation(labels=labels), NetworkSpec(cidr="172.16.0.0/12"))
    name = alice.create_network(CreateNetworkRequest(body=body)).metadata.name
    assert "net-passing" in name
    assert {network, name} <= {n.metadata.name for n in alice.list_networks(ListNetworksRequest()).items}
    assert alice.show_network(ShowNetworkRequest(network_name=name)).spec.cidr == "172.16.0.0/12"
    alice.delete_network(DeleteNetworkRequest(network_name=name))
    until(lambda: name not in {n.metadata.name for n in alice.list_networks(ListNetworksRequest()).items}, f"{name} gone")


def test_a_pool_lives_from_its_order_to_its_end(alice, network, flavors):
    name, flavor = new_name(), flavors[0]
    began = int(time.time() * 1000)
    made = create(alice, name, network, (flavor, 2), description="for the maps")
    pool, first = made.metadata.name, made.metadata.labels.os_modelarts_order_name
    assert made.status_code == 200 and made.kind == "Pool" and pool.startswith(name + "-") and 36 <= len(pool) <= 63
    assert first.startswith(f"order.{name}-")
    order = ended(alice, first)
    assert (order["operation"], order["phase"], order["result"]) == ("apply", "successed", "successed")
    assert (order["resourceName"], order["resourceDisplayName"], order["workspaceId"]) == (pool, name, "0")
    assert counts(order, "specCount") == counts(order, "resultCount") == {flavor: 2} and not order.get("initCount")
    assert (order["billingMode"], order["periodType"], order["periodNum"]) == ("0", "0", "0") and not order.get("orderId")
    assert began - 2000 <= order["creationTimestamp"] <= order["beginTimestamp"] <= order["endTimestamp"]

    shown = show_pool(alice, pool)
    assert shown.status.phase == "Running" and shown.metadata.labels.os_modelarts_name == name
    assert [(r.flavor, r.count) for r in shown.spec.resources] == [(flavor, 2)] and shown.spec.network.name == network
    assert shown.metadata.annotations.os_modelarts_description == "for the maps"
    details = alice.show_order(ShowOrderRequest(order_name=first))
    assert details.count == len(details.items) == 3, "the pool and its nodes"
    assert sorted(i.action for i in details.items) == ["createNode", "createNode", "createPool"]
    assert {i.status for i in details.items} == {"succeed"} and details.items[0].begin_timestamp.isdigit()

    second = scale(alice, pool, (flavor, 3)).metadata.labels.os_modelarts_order_name
    assert second != first
    order = ended(alice, second)
    assert order["operation"] == "modify" and order["phase"] == "successed"
    assert (counts(order, "initCount"), counts(order, "specCount"), counts(order, "resultCount")) == ({flavor: 2}, {flavor: 3}, {flavor: 3})
    assert [r.count for r in show_pool(alice, pool).spec.resources] == [3]
    shrunk = ended(alice, scale(alice, pool, (flavor, 1)).metadata.labels.os_modelarts_order_name)
    assert counts(shrunk, "resultCount") == {flavor: 1}

    quiet = PoolUpdateRequest(metadata=PoolMetadataUpdate(annotations=PoolMetadataUpdateAnnotations(os_modelarts_description="other maps")))
    before = order_list(alice, involvedName=pool)["count"]
    alice.patch_pool(PatchPoolRequest(pool_name=pool, body=quiet))
    assert show_pool(alice, pool).metadata.annotations.os_modelarts_description == "other maps"
    assert order_list(alice, involvedName=pool)["count"] == before, "a description is no order"

    assert pool in [p.metadata.name for p in alice.list_pools(ListPoolsRequest()).items]
    delete(alice, pool)
    assert pool not in [p.metadata.name for p in alice.list_pools(ListPoolsRequest()).items]
    history = order_list(alice, involvedName=pool)
    assert [o["operation"] for o in history["items"]] == ["delete", "modify", "modify", "apply"], "newest first, and kept"
    gone = history["items"][0]
    assert counts(gone, "initCount") == {flavor: 1} and sum(counts(gone, "specCount").values()) == 0


def test_a_pool_on_demand_is_charged_its_first_hour(alice, network, flavors):
    made = create(alice, new_name(), network, (flavors[0], 3))
    ended(alice, made.metadata.labels.os_modelarts_order_name)
    told = show(made.metadata.labels.os_modelarts_order_name)
    assert told["state"] == "done"
    assert float(told["charged"]) == float(told["due"]) > 0 and float(told["held"]) == 0
    delete(alice, made.metadata.name)


def test_a_prepaid_pool_waits_for_the_payer_unless_it_pays_itself(alice, network, flavors):
    monthly = {"billing_mode": "1", "period_type": "2", "period_num": "1"}
    made = create(alice, new_name("paid"), network, (flavors[0], 1), auto_pay="true", **monthly)
    order = ended(alice, made.metadata.labels.os_modelarts_order_name)
    assert (order["billingMode"], order["periodType"], order["periodNum"]) == ("1", "2", "1")
    assert order["orderId"].startswith("CS") and order["orderId"] == order["orderId"].upper()
    told = show(order["orderName"])
    assert float(told["charged"]) == float(told["due"]) > 0

    unpaid = create(alice, new_name("owed"), network, (flavors[0], 1), **monthly)
    name = unpaid.metadata.labels.os_modelarts_order_name
    order = order_named(alice, name)
    assert (order["phase"], order["beginTimestamp"], order["endTimestamp"]) == ("pending", 0, 0)
    assert order["orderId"].startswith("CS") and "result" not in order
    assert show_pool(alice, unpaid.metadata.name).status.phase == "Waiting"
    assert name in [o["orderName"] for o in order_list(alice, phase="pending")["items"]]
    assert float(show(name)["held"]) == float(show(name)["due"]) > 0
    yearly = {"billing_mode": "1", "period_type": "3", "period_num": "1"}
    dearer = create(alice, new_name("year"), network, (flavors[0], 1), **yearly)
    assert float(show(dearer.metadata.labels.os_modelarts_order_name)["due"]) > float(show(name)["due"])


def test_the_order_list_takes_all_its_parameters(alice, network, flavors):
    name = new_name("list")
    made = create(alice, name, network, (flavors[1], 1))
    pool, order = made.metadata.name, made.metadata.labels.os_modelarts_order_name
    ended(alice, order)
    ended(alice, scale(alice, pool, (flavors[1], 2)).metadata.labels.os_modelarts_order_name)

    def names(**query):
        return [o["orderName"] for o in order_list(alice, **query)["items"]]

    mine = names(involvedName=pool)
    assert len(mine) == 2 and mine[1] == order
    assert names(involvedName=name) == mine, "by display name"
    for query in (
        {"phase": "successed"},
        {"result": "successed"},
        {"phase": "Succeeded"},
        {"phase": "completed"},
        {"resource": "pools"},
        {"workspaceId": "0"},
        {"limit": 500, "offset": 0},
        {"limit": 0},
        {"limit": ""},
        {"since": int(time.time() * 1000) - 3_600_000},
        {"until": int(time.time() * 1000) + 60_000},
    ):
        assert names(involvedName=pool, **query) == mine, query
    assert names(involvedName=pool, phase="failed") == names(involvedName=pool, phase="running") == []
    page = order_list(alice, involvedName=pool, limit=1)
    assert page["count"] == 2 and [o["orderName"] for o in page["items"]] == mine[:1]
    assert names(involvedName=pool, limit=1, offset=1) == mine[1:]
    beyond = order_list(alice, involvedName=pool, offset=1000)
    assert beyond["items"] == [] and beyond["count"] == 2
    assert names(involvedName=pool, until=int(time.time() * 1000) - 3_600_000) == []
    everything = order_list(alice, limit=500)["items"]
    assert [o["creationTimestamp"] for o in everything] == sorted((o["creationTimestamp"] for o in everything), reverse=True)
    delete(alice, pool)
    assert names(involvedName=pool)[1:] == mine, "a deleted pool's orders stay listed"


def test_a_freed_pool_gives_its_nodes_back_to_the_quota(alice, network, flavors):
    for _ in range(2):
        made = create(alice, new_name("ten"), network, (flavors[2], 10))
        ended(alice, made.metadata.labels.os_modelarts_order_name)
        delete(alice, made.metadata.name)


def test_an_order_is_read_without_naming_the_project(alice):
    """The SDK looks the project up by the region's name when its credentials name none."""
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.region.region import Region
    from huaweicloudsdkmodelarts.v1 import ModelArtsClient

    credentials = BasicCredentials(env["HUAWEICLOUD_SDK_AK"], env["HUAWEICLOUD_SDK_SK"])
    credentials.with_iam_endpoint(env["MODELARTS_ENDPOINT"])
    region = Region(env["HW_REGION_NAME"], env["MODELARTS_ENDPOINT"])
    found = ModelArtsClient.new_builder().with_credentials(credentials).with_region(region).build()
    assert len(found.list_resource_flavors(ListResourceFlavorsRequest()).items) >= 4
    assert credentials.project_id == env["HUAWEICLOUD_SDK_PROJECT_ID"]
