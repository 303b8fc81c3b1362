"""The three key pairs of the hardware door, and what an order needs before it can be placed."""

import itertools

import boto3
import botocore.config
import pytest
from desk import docket, env

ADDRESS = {
    "ContactName": "Ada Rask",
    "ContactPhoneNumber": "+4532123456",
    "AddressLine1": "Observatory Road 7",
    "City": "Aarhus",
    "StateOrRegion": "Midtjylland",
    "PostalCode": "8000",
    "CountryCode": "DK",
}
numbers = itertools.count(1)


def client(prefix="", **kwargs):
    """A client with the demo's key pair of that prefix; for alice everything comes from the environment."""
    if prefix:
        kwargs.setdefault("aws_access_key_id", env[prefix + "AWS_ACCESS_KEY_ID"])
        kwargs.setdefault("aws_secret_access_key", env[prefix + "AWS_SECRET_ACCESS_KEY"])
    return boto3.session.Session().client("outposts", **kwargs)


@pytest.fixture(scope="session")
def alice():
    return client()


@pytest.fixture(scope="session")
def bob():
    return client("BOB_")


@pytest.fixture(scope="session")
def reader():
    """Alice's pair that is narrowed to reading."""
    return client("READONLY_")


@pytest.fixture(scope="session")
def once():
    """A client of alice's that never tries again: what it sends, it sends once."""
    return client(config=botocore.config.Config(retries={"total_max_attempts": 1}))


def new_outpost(owner):
    """A site and an Outpost on it; returns the Outpost."""
    n = next(numbers)
    site = owner.create_site(Name=f"Site {n}", OperatingAddress=ADDRESS, ShippingAddress=ADDRESS)["Site"]
    return owner.create_outpost(Name=f"Outpost {n}", SiteId=site["SiteId"], AvailabilityZone="eu-north-1a")["Outpost"]


@pytest.fixture
def outpost(alice):
    return new_outpost(alice)


@pytest.fixture(scope="session")
def catalog(alice):
    """Catalog items by class, as the filter tells them apart."""
    found = {}
    for kind in ("RACK", "SERVER"):
        pages = alice.get_paginator("list_catalog_items").paginate(ItemClassFilter=[kind])
        found[kind] = [i["CatalogItemId"] for p in pages for i in p["CatalogItems"] if i["ItemStatus"] == "AVAILABLE"]
        assert found[kind], f"no {kind} in the catalog"
    return found


def listed(owner, **kwargs):
    pages = owner.get_paginator("list_orders").paginate(**kwargs)
    return [o["OrderId"] for p in pages for o in p["Orders"]]


def install(order_id):
    """The operator's part of an order's way, from approval to the last line installed."""
    docket("order", "approve", order_id)
    for state in ("building", "shipped", "delivered", "installing", "installed"):
        extra = ("--carrier", "UPS", "--tracking", "1Z999AA10123456784") if state == "shipped" else ()
        docket("order", "ship", order_id, "--state", state, *extra)
