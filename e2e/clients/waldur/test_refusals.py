"""What the allocations door refuses, as the UnexpectedStatus that waldur-api-client raises. Nothing refused stays."""

import json

import pytest
from conftest import UNKNOWN, call, every, finish, order, place, refused, reject, report, request, someone
from desk import env
from waldur_api_client import AuthenticatedClient
from waldur_api_client.models import (
    ComponentUsageCreateRequest,
    ComponentUsageItemRequest,
    OrderApproveByProviderRequest,
    OrderErrorDetailsRequest,
    OrderProviderRejectionRequest,
    ResourceTerminateRequest,
)

EMPTY = OrderApproveByProviderRequest()


@pytest.fixture(scope="module")
def live(alice, pat):
    """The order of a resource that is in use."""
    placed = place(alice)
    finish(pat, placed.uuid)
    return placed


@pytest.fixture(scope="module")
def waiting(alice, pat):
    """An order that waits for the provider while this module runs."""
    placed = place(alice)
    yield placed
    reject(pat, placed.uuid)


@pytest.fixture(autouse=True)
def no_order_is_left(live, waiting, staff):
    before = call("marketplace_orders", "count", staff)
    yield
    assert call("marketplace_orders", "count", staff) == before


def create(who, **kwargs):
    status, text = refused("marketplace_orders", "create", who, body=request("refused", **kwargs))
    return status, json.loads(text)


def test_offerings_projects_and_plans_that_are_none_or_not_ones_own(alice, bob):
    root = env["WALDUR_API_URL"]
    gone = ["Invalid hyperlink - Object does not exist."]
    for who, wrong in [
        (alice, {"offering": f"{root}marketplace-public-offerings/{UNKNOWN.hex}/"}),
        (alice, {"offering": f"{root}marketplace-public-offerings/{UNKNOWN}/"}),
        (alice, {"project": f"{root}projects/{UNKNOWN.hex}/"}),
        (bob, {}),
    ]:
        field = "offering" if "offering" in wrong else "project"
        body = request("refused")
        for key, value in wrong.items():
            setattr(body, key, value)
        status, text = refused("marketplace_orders", "create", who, body=body)
        assert (status, json.loads(text)) == (400, {field: gone})
    for key, value in [("offering", "nonsense"), ("project", f"{root}users/me/"), ("plan", "x")]:
        body = request("refused")
        setattr(body, key, value)
        status, text = refused("marketplace_orders", "create", alice, body=body)
        assert status == 400 and key in json.loads(text), key
    body = request("refused")
    body.plan = request("refused", "BASIC_").plan
    status, text = refused("marketplace_orders", "create", alice, body=body)
    assert status == 400 and "plan" in json.loads(text), "a plan of another offering"


@pytest.mark.parametrize("limits", [{"nonsense": 1}, {"cpu": 5}, {"storage": "five"}, {"storage": 1.5}, {"storage": -1}, {"storage": 10**30}])
def test_limits_that_cannot_be(alice, limits):
    status, body = create(alice, limits=limits)
    assert status == 400 and isinstance(body, (dict, list)) and body


def test_bad_tokens():
    bare = AuthenticatedClient(base_url=env["WALDUR_URL"], token="Token", prefix="")
    for who, detail in [
        (someone("0" * 40), "Invalid token."),
        (someone("short"), "Invalid token."),
        (bare, "Invalid token. No credentials provided."),
    ]:
        status, text = refused("users", "me_retrieve", who)
        assert (status, json.loads(text)) == (401, {"detail": detail})
    stranger = someone("0" * 40)
    assert stranger.get_httpx_client().get("/api/users/me/").headers["WWW-Authenticate"] == "Token"
    assert refused("marketplace_orders", "create", someone("0" * 40), body=request("refused"))[0] == 401


def test_wrong_states(alice, pat, live):
    rules = [
        ("approve_by_provider", pat, {"body": EMPTY}, "pending-provider"),
        ("reject_by_provider", pat, {"body": OrderProviderRejectionRequest()}, "pending-provider"),
        ("set_state_done", pat, {}, "executing"),
        ("approve_by_consumer", alice, {}, "pending-consumer"),
    ]
    for action, who, kwargs, needed in rules:
        status, text = refused("marketplace_orders", action, who, live.uuid, **kwargs)
        assert (status, json.loads(text)) == (409, {"detail": f"Valid states for operation: {needed}."}), action
    assert order(alice, live.uuid).state.value == "done"


def test_acts_the_offering_does_not_take(alice, waiting):
    status, text = refused("marketplace_orders", "cancel", alice, waiting.uuid)
    assert status == 405 and "Marketplace.Slurm" in json.loads(text)["detail"]
    assert order(alice, waiting.uuid).state.value == "pending-provider"


def test_the_wrong_person(alice, carol, pat, bob, waiting):
    status, text = refused("marketplace_orders", "approve_by_provider", alice, waiting.uuid, body=EMPTY)
    assert (status, json.loads(text)) == (403, {"detail": "You do not have permission to perform this action."})
    for action, body in [
        ("approve_by_provider", EMPTY),
        ("reject_by_provider", OrderProviderRejectionRequest()),
        ("reject_by_consumer", OrderErrorDetailsRequest()),
    ]:
        assert refused("marketplace_orders", action, bob, waiting.uuid, body=body)[0] == 404, action
    assert refused("marketplace_orders", "retrieve", bob, waiting.uuid)[0] == 404
    assert refused("marketplace_resources", "retrieve", bob, waiting.marketplace_resource_uuid)[0] == 404
    assert refused("customers", "retrieve", bob, env["WALDUR_CUSTOMER_UUID"])[0] == 404
    assert refused("projects", "retrieve", pat, env["WALDUR_PROJECT_UUID"])[0] == 404
    assert every("marketplace_orders", bob) == [] and every("marketplace_resources", bob) == []


def test_what_is_not_there(alice):
    for group in ("marketplace_orders", "marketplace_resources", "customers", "projects", "marketplace_public_offerings"):
        for uuid in (UNKNOWN, UNKNOWN.hex, "nonsense"):
            status, text = refused(group, "retrieve", alice, uuid)
            assert status == 404 and json.loads(text)["detail"], (group, uuid)
    status, text = refused("marketplace_orders", "list", alice, page=10**6)
    assert (status, json.loads(text)) == (404, {"detail": "Invalid page."})


def usage(resource=None, **amounts):
    usages = [ComponentUsageItemRequest(type_=k, amount=a) for k, a in amounts.items()]
    body = ComponentUsageCreateRequest(usages=usages)
    if resource is not None:
        body.resource = resource
    return body


def test_usage_that_cannot_be(alice, pat, live, waiting):
    made = live.marketplace_resource_uuid
    report(pat, made, cpu="1.00")
    for body in [
        usage(cpu="1"),
        usage(UNKNOWN, cpu="1"),
        usage(waiting.marketplace_resource_uuid, cpu="1"),
        usage(made, nonsense="1"),
        usage(made, setup="1"),
        usage(made, cpu="-1"),
        usage(made, cpu="1.234"),
        usage(made, cpu="many"),
        usage(made, cpu="1" * 25),
    ]:
        assert refused("marketplace_component_usages", "set_usage", pat, body=body)[0] == 400, body
    assert refused("marketplace_component_usages", "set_usage", alice, body=usage(made, cpu="5"))[0] == 403
    kept = every("marketplace_component_usages", alice, resource_uuid=made)
    assert [(u.type_, float(u.usage)) for u in kept] == [("cpu", 1)]


def test_a_resource_that_has_an_order_open_or_is_not_ones_own(alice, bob, waiting):
    made = waiting.marketplace_resource_uuid
    assert refused("marketplace_resources", "terminate", bob, made, body=ResourceTerminateRequest())[0] == 404
    assert refused("marketplace_resources", "terminate", alice, made, body=ResourceTerminateRequest())[0] in (400, 409)


def test_bodies_that_are_no_orders(alice):
    http = alice.get_httpx_client()
    for body, status in [
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'"x"', 400),
        (b"null", 400),
        (b"\xff", 400),
        (b'{"offering": 1, "project": []}', 400),
    ]:
        answer = http.post("/api/marketplace-orders/", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == status and isinstance(answer.json(), (dict, list)), body
    answer = http.post("/api/marketplace-orders/", content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    answer = http.post("/api/marketplace-orders/", content=b'{"pad": "' + b"x" * 2_000_000 + b'"}', headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413) and answer.json()
