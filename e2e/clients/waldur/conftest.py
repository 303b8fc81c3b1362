"""The people of the allocations door, and its operations by the names that the client's own modules have."""

import importlib
import itertools
import uuid

import pytest
from desk import env
from waldur_api_client import AuthenticatedClient
from waldur_api_client.errors import UnexpectedStatus
from waldur_api_client.models import (
    ComponentUsageCreateRequest,
    ComponentUsageItemRequest,
    GenericOrderAttributes,
    OrderApproveByProviderRequest,
    OrderCreateRequest,
    OrderCreateRequestLimits,
    OrderProviderRejectionRequest,
)

numbers = itertools.count(1)


def someone(token):
    return AuthenticatedClient(base_url=env["WALDUR_URL"], token=token)


@pytest.fixture(scope="session")
def alice():
    """Owner of the consuming customer, so that her orders need no consent."""
    return someone(env["WALDUR_TOKEN"])


@pytest.fixture(scope="session")
def carol():
    """A member of the project, whose orders wait for the owner's consent."""
    return someone(env["WALDUR_CAROL_TOKEN"])


@pytest.fixture(scope="session")
def pat():
    """Owner of the provider."""
    return someone(env["WALDUR_PROVIDER_TOKEN"])


@pytest.fixture(scope="session")
def staff():
    return someone(env["WALDUR_STAFF_TOKEN"])


@pytest.fixture(scope="session")
def bob():
    """Owner of another customer."""
    return someone(env["WALDUR_BOB_TOKEN"])


def call(group, action, who, *path, **kwargs):
    """Runs marketplace_orders, retrieve … as its module's own function, and returns what the client parsed."""
    module = importlib.import_module(f"waldur_api_client.api.{group}.{group}_{action}")
    return module.sync_detailed(*path, client=who, **kwargs).parsed


def every(group, who, **kwargs):
    """All pages of a list, followed by the client's own helper."""
    module = importlib.import_module(f"waldur_api_client.api.{group}.{group}_list")
    return module.sync_all(client=who, **kwargs)


def refused(*args, **kwargs):
    """The status and text of the UnexpectedStatus that a call raises."""
    with pytest.raises(UnexpectedStatus) as caught:
        call(*args, **kwargs)
    return caught.value.status_code, caught.value.content.decode()


def request(name, offering="", limits=None, **kwargs):
    """An order for the HPC cluster, or for the desk with offering BASIC_."""
    root, code = env["WALDUR_API_URL"], env[f"WALDUR_{offering}OFFERING_UUID"]
    wanted = OrderCreateRequestLimits()
    for kind, amount in (limits if limits is not None else {"storage": 5}).items():
        wanted[kind] = amount
    fields = {
        "offering": f"{root}marketplace-public-offerings/{code}/",
        "project": f"{root}projects/{env['WALDUR_PROJECT_UUID']}/",
        "plan": f"{root}marketplace-public-offerings/{code}/plans/{env[f'WALDUR_{offering}PLAN_UUID']}/",
        "attributes": GenericOrderAttributes(name=name),
        "limits": wanted,
        "accepting_terms_of_service": True,
    }
    return OrderCreateRequest(**{**fields, **kwargs})


def place(who, offering="", limits=None, **kwargs):
    name = f"allocation-{next(numbers)}"
    return call("marketplace_orders", "create", who, body=request(name, offering, limits, **kwargs))


def order(who, uuid):
    return call("marketplace_orders", "retrieve", who, uuid)


def state(who, uuid):
    return order(who, uuid).state.value


def resource(who, uuid):
    return call("marketplace_resources", "retrieve", who, uuid)


def approve(pat, uuid):
    return call("marketplace_orders", "approve_by_provider", pat, uuid, body=OrderApproveByProviderRequest())


def finish(pat, uuid):
    """The provider's part of an order's way: approve it and say that it is done."""
    approve(pat, uuid)
    if state(pat, uuid) == "executing":
        call("marketplace_orders", "set_state_done", pat, uuid)
    assert state(pat, uuid) == "done"


def reject(pat, uuid, comment="no room"):
    return call(
        "marketplace_orders",
        "reject_by_provider",
        pat,
        uuid,
        body=OrderProviderRejectionRequest(provider_rejection_comment=comment),
    )


def report(who, resource, **amounts):
    """Reports usage of a resource for the current month."""
    usages = [ComponentUsageItemRequest(type_=kind, amount=amount, description="") for kind, amount in amounts.items()]
    call("marketplace_component_usages", "set_usage", who, body=ComponentUsageCreateRequest(usages=usages, resource=resource))


UNKNOWN = uuid.UUID("00000000-0000-8000-8000-00000000002a")
