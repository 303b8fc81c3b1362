"""What the pool door refuses, as the exceptions that the Huawei SDK makes of it. Nothing refused leaves an order."""

import pytest
from conftest import client, create, ended, new_name, order_list
from desk import env
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkmodelarts.v1 import (
    DeletePoolRequest,
    ListPoolsRequest,
    ListResourceFlavorsRequest,
    PatchPoolRequest,
    PoolSpecUpdate,
    PoolSpecUpdateResources,
    PoolUpdateRequest,
    ShowNetworkRequest,
    ShowOrderRequest,
    ShowPoolRequest,
)


@pytest.fixture(scope="module")
def pool(alice, network, flavors):
    """A pool of two nodes that the tests of this module fail to change."""
    made = create(alice, new_name("firm"), network, (flavors[0], 2))
    ended(alice, made.metadata.labels.os_modelarts_order_name)
    return made


@pytest.fixture(autouse=True)
def no_order_is_left(pool, alice):
    before = order_list(alice, limit=500)
    yield
    assert order_list(alice, limit=500) == before


def refused(call, *args, **kwargs):
    with pytest.raises(ClientRequestException) as caught:
        call(*args, **kwargs)
    assert caught.value.error_msg
    return caught.value.status_code, caught.value.error_code


def patch(owner, pool, flavor, count):
    spec = PoolSpecUpdate(resources=[PoolSpecUpdateResources(flavor=flavor, count=count)])
    return owner.patch_pool(PatchPoolRequest(pool_name=pool.metadata.name, body=PoolUpdateRequest(spec=spec)))


def test_more_nodes_than_the_quota(alice, network, flavors, pool):
    for count in (17, 15, 10**6):  # two of sixteen are taken
        assert refused(create, alice, new_name(), network, (flavors[0], count)) == (400, "ModelArts.0118"), count
    assert refused(create, alice, new_name(), network, (flavors[0], 8), (flavors[1], 8)) == (400, "ModelArts.0118")
    assert refused(patch, alice, pool, flavors[0], 17) == (400, "ModelArts.0118")
    assert [r.count for r in alice.show_pool(ShowPoolRequest(pool_name=pool.metadata.name)).spec.resources] == [2]


def test_a_name_that_is_taken(alice, network, flavors, pool):
    name = pool.metadata.labels.os_modelarts_name
    assert refused(create, alice, name, network, (flavors[0], 1)) == (409, "ModelArts.50015000")


def test_flavors_networks_names_and_counts_that_are_none(alice, network, flavors, pool):
    status, code = refused(create, alice, new_name(), network, ("modelarts.vm.none", 1))
    assert (status, code) in ((404, "ModelArts.50005101"), (400, "ModelArts.50004000"))
    assert refused(create, alice, new_name(), "no-such-network", (flavors[0], 1))[0] in (400, 404)
    for name in ("abc", "x" * 26, "Upper-Case", "under_score", "with blank", ""):
        assert refused(create, alice, name, network, (flavors[0], 1)) == (400, "ModelArts.50004000"), name
    for resources in ([], [(flavors[0], -1)], [(flavors[0], "many")], [(flavors[0], 1.5)]):
        assert refused(create, alice, new_name(), network, *resources) == (400, "ModelArts.50004000"), resources
    assert refused(patch, alice, pool, flavors[0], -3) == (400, "ModelArts.50004000")


def test_parameters_of_the_order_list_that_are_none(alice):
    for query in (
        {"offset": -1},
        {"offset": "x"},
        {"limit": -1},
        {"since": "yesterday"},
        {"until": -5},
        {"phase": "lost"},
        {"result": "lost"},
        {"resource": "networks"},
    ):
        assert refused(order_list, alice, **query) == (400, "ModelArts.50004000"), query
    assert refused(order_list, alice, involvedName="nobody-has-this") == (404, "ModelArts.50015001")


def test_what_is_not_there_or_not_ones_own(alice, bob, pool, network):
    name, order = pool.metadata.name, pool.metadata.labels.os_modelarts_order_name
    for owner, pool_name in ((alice, "no-such-pool"), (bob, name)):
        assert refused(owner.show_pool, ShowPoolRequest(pool_name=pool_name)) == (404, "ModelArts.50015001")
        assert refused(owner.delete_pool, DeletePoolRequest(pool_name=pool_name)) == (404, "ModelArts.50015001")
    for owner, order_name in ((alice, "order.pool-0000-abc12"), (alice, "nothing"), (bob, order)):
        assert refused(owner.show_order, ShowOrderRequest(order_name=order_name))[0] == 404
    assert refused(bob.show_network, ShowNetworkRequest(network_name=network)) == (404, "ModelArts.50025001")
    assert refused(order_list, bob, involvedName=name) == (404, "ModelArts.50015001")
    assert refused(patch, bob, pool, "modelarts.vm.none", 1)[0] == 404
    assert bob.list_pools(ListPoolsRequest()).items == []
    assert order_list(bob) == {"count": 0, "items": []}


def test_another_customers_project_in_the_path(alice, bob):
    for stranger in (client(project=env["BOB_HUAWEICLOUD_SDK_PROJECT_ID"]), client("BOB_", project=env["HUAWEICLOUD_SDK_PROJECT_ID"])):
        assert refused(order_list, stranger) == (403, "ModelArts.0210")
        assert refused(stranger.list_pools, ListPoolsRequest()) == (403, "ModelArts.0210")
    assert refused(client(project="0" * 32).list_pools, ListPoolsRequest()) == (403, "ModelArts.0210")


def test_bad_keys_and_stale_clocks(monkeypatch):
    wrong = (client(sk="x" * 40), client(ak="UNKNOWNUNKNOWN000000"))
    for stranger in wrong:
        assert refused(stranger.list_resource_flavors, ListResourceFlavorsRequest()) == (401, "APIGW.0301")
    import datetime

    from huaweicloudsdkcore.signer import signer

    class Late(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.now(tz) - datetime.timedelta(minutes=20)

        @classmethod
        def utcnow(cls):
            return datetime.datetime.utcnow() - datetime.timedelta(minutes=20)

    monkeypatch.setattr(signer, "datetime", Late)
    assert refused(client().list_resource_flavors, ListResourceFlavorsRequest()) == (401, "APIGW.0301")
