"""The pool door's client for alice and bob, and the calls that the SDK has no method for."""

import itertools

import pytest
from desk import env, until
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions import exceptions
from huaweicloudsdkmodelarts.v1 import (
    CreateNetworkRequest,
    CreatePoolRequest,
    CreatePoolRequestBody,
    ListResourceFlavorsRequest,
    ModelArtsClient,
    NetworkCreationRequest,
    NetworkMetadataCreation,
    NetworkMetadataLabels,
    NetworkSpec,
    PoolAnnotationsCreation,
    PoolLabelsCreation,
    PoolMetadataCreation,
    PoolResourceFlavor,
    PoolSpecCreation,
    PoolSpecCreationNetwork,
    ShowNetworkRequest,
    ShowPoolRequest,
)

numbers = itertools.count(1)


def client(prefix="", ak=None, sk=None, project=None):
    """A client with the demo's key pair of that prefix, or with what is given instead."""
    credentials = BasicCredentials(
        ak or env[prefix + "HUAWEICLOUD_SDK_AK"],
        sk or env[prefix + "HUAWEICLOUD_SDK_SK"],
        project or env[prefix + "HUAWEICLOUD_SDK_PROJECT_ID"],
    )
    return ModelArtsClient.new_builder().with_credentials(credentials).with_endpoint(env["MODELARTS_ENDPOINT"]).build()


@pytest.fixture(scope="session")
def alice():
    return client()


@pytest.fixture(scope="session")
def bob():
    return client("BOB_")


@pytest.fixture(scope="session")
def flavors(alice):
    return [f.metadata.name for f in alice.list_resource_flavors(ListResourceFlavorsRequest()).items]


@pytest.fixture(scope="session")
def network(alice):
    """The id of an active network, which every pool needs."""
    labels = NetworkMetadataLabels(os_modelarts_name="net-shared", os_modelarts_workspace_id="0")
    body = NetworkCreationRequest("v1", "Network", NetworkMetadataCreation(labels=labels), NetworkSpec(cidr="192.168.0.0/16"))
    name = alice.create_network(CreateNetworkRequest(body=body)).metadata.name
    until(lambda: alice.show_network(ShowNetworkRequest(network_name=name)).status.phase == "Active", f"{name} active")
    return name


def new_name(stem="pool"):
    return f"{stem}-{next(numbers):04d}"


def create(owner, name, network, *resources, **annotations):
    """Asks for a pool of (flavor, count)… and returns the SDK's answer."""
    metadata = PoolMetadataCreation(labels=PoolLabelsCreation(os_modelarts_name=name, os_modelarts_workspace_id="0"))
    if annotations:
        metadata.annotations = PoolAnnotationsCreation(**{f"os_modelarts_{k}": v for k, v in annotations.items()})
    spec = PoolSpecCreation(
        type="Dedicate",
        scope=["Train"],
        resources=[PoolResourceFlavor(flavor=f, count=n) for f, n in resources],
        network=PoolSpecCreationNetwork(name=network),
    )
    return owner.create_pool(CreatePoolRequest(body=CreatePoolRequestBody("v2", "Pool", metadata, spec)))


def pool_gone(owner, pool):
    """Whether the pool's GET answers what it answers for a pool that is no more."""
    try:
        owner.show_pool(ShowPoolRequest(pool_name=pool))
        return False
    except exceptions.ClientRequestException as e:
        assert (e.status_code, e.error_code) == (404, "ModelArts.50015001"), e
        return True


def order_list(owner, **query):
    """The order list through the core's generic call: no client has a method for it, and the typed answer would
    drop what an order holds, so the body is read as it came."""
    answer = owner.call_api(
        resource_path="/v1/{project_id}/orders",
        method="GET",
        path_params={},
        query_params=list(query.items()),
        header_params={},
        body=None,
        post_params={},
        cname=None,
        response_type="ListPoolsResponse",
        response_headers=[],
        auth_settings=[],
        collection_formats={},
        request_type="ListPoolsRequest",
    )
    return answer.to_json_object()


def order_named(owner, name, **query):
    """The one order of that name in the list."""
    found = [o for o in order_list(owner, **query)["items"] if o["orderName"] == name]
    assert len(found) == 1, (name, query)
    return found[0]


def ended(owner, name):
    """Waits for an order's end and returns it."""

    def done():
        order = order_named(owner, name)
        return order if order["phase"] in ("successed", "partialSuccessed", "failed") else None

    return until(done, f"the end of {name}")
