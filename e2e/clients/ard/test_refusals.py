"""What the imagery door refuses, as the exceptions that max-ard makes of it. Nothing refused leaves a trace."""

import base64
import json
import time

import pytest
from conftest import finish, login, orders
from desk import env
from max_ard import session as ard_session
from max_ard.admin import AccountManager
from max_ard.exceptions import (
    ARDServerException,
    BadARDRequest,
    GeometryException,
    MissingARDResource,
    OversizeRequestException,
    UnAuthorizedException,
)
from max_ard.metadata import search_by_area
from max_ard.order import Order
from max_ard.select import Select
from shapely.geometry import box


@pytest.fixture(autouse=True)
def nothing_is_kept(account):
    """Every test here leaves orders, usage and balances as they were."""
    listed, before = orders(), account.get_account_usage()
    yield
    assert orders() == listed
    assert account.get_account_usage() == before


@pytest.fixture(scope="module")
def mine(archive):
    """An order of alice's, for others to ask after."""
    tile = archive.of("training")[-1]
    order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, destination=f"s3://{env['ARD_BUCKET']}/mine")
    order.submit()
    return finish(order).order_id


def refused(kind, **kwargs):
    """The refusal of an order, the same of its dry run."""
    said = []
    for dry_run in (True, False):
        with pytest.raises(kind) as caught:
            Order(**{"destination": f"s3://{env['ARD_BUCKET']}/refused", **kwargs}, dry_run=dry_run).submit()
        said.append(str(caught.value))
    return said[1]


def test_an_order_over_the_users_fee_limit(carol, archive):
    tile = archive.of("fresh")[0]  # most of 25 km² at 25 each, and she may spend 100
    said = refused(BadARDRequest, acquisitions={tile.acq_id: [tile.cell_id]}, session=carol)
    assert "limit" in said.lower() and "100" in said


def test_an_order_over_the_accounts_annual_limit(archive):
    everything = archive.found.as_order()
    said = refused(BadARDRequest, acquisitions=everything)
    assert "limit" in said.lower() and "15000" in said.replace(",", "")


def test_unknown_acquisitions_cells_and_selects(archive):
    tile = archive.of("training")[0]
    refused(BadARDRequest, acquisitions=["1030010000000000"])
    refused(BadARDRequest, acquisitions={tile.acq_id: ["Z31-120200000000"]})
    refused(BadARDRequest, acquisitions={tile.acq_id: ["no cell"]})
    refused(BadARDRequest, select_id="123456789012345678")
    refused(BadARDRequest, select_id="not a number")
    refused(BadARDRequest)
    refused(BadARDRequest, acquisitions=[tile.acq_id], select_id="123456789012345678")


def test_nothing_of_the_acquisition_in_the_area(archive):
    tile = archive.of("training")[0]
    refused(BadARDRequest, acquisitions=[tile.acq_id], bbox=[20.0, -10.0, 20.1, -9.9])


def test_unknown_places_for_the_delivery(archive):
    tile = archive.of("training")[0]
    acquisitions = {tile.acq_id: [tile.cell_id]}
    refused(BadARDRequest, acquisitions=acquisitions, destination="s3://nobody-has-this-bucket/x")
    with pytest.raises(BadARDRequest):
        Order.send_order({"acquisitions": [{"id": tile.acq_id, "cells": []}], "settings": {}, "dry_run": False})
    with pytest.raises(BadARDRequest):
        Order.send_order({"acquisitions": [tile.acq_id], "output_config": {"bucket": env["ARD_BUCKET"], "prefix": "../up"}})


GEOMETRIES = {
    "no geometry": "POLYGON((oops",
    "a point": "POINT(6 46.4)",
    "an open ring": "POLYGON((6 46.3, 6.1 46.3, 6.1 46.4))",
    "a bow tie": "POLYGON((6 46.3, 6.1 46.4, 6.1 46.3, 6 46.4, 6 46.3))",
    "beyond the poles": "POLYGON((6 96, 6.1 96, 6.1 96.1, 6 96.1, 6 96))",
    "smaller than 1 km²": box(6, 46.3, 6.001, 46.301).wkt,
    "a sliver": box(6, 46.3, 6.3, 46.3005).wkt,
    "empty": "POLYGON EMPTY",
    "not even text": 17,
    "more than 1000 vertices": box(6, 46.3, 6.2, 46.4).segmentize(0.0001).wkt,
    "across the antimeridian": box(-179.9, 10, 179.9, 10.3).wkt,
}


@pytest.mark.parametrize("wkt", GEOMETRIES.values(), ids=GEOMETRIES.keys())
def test_broken_geometry(wkt):
    with pytest.raises(GeometryException, match="Problem with intersects/bbox"):
        Select.send_select({"intersects": wkt, "query": {}})


def test_broken_boxes():
    for bbox in ([6.2, 46.3, 6.0, 46.5], [6.0, 46.3, 6.2], [6.0, 46.3, 6.0, 46.3], ["a", "b", "c", "d"], [-500, 0, 500, 10]):
        with pytest.raises(GeometryException):
            Select.send_select({"bbox": bbox, "query": {}})
    with pytest.raises(GeometryException):
        search_by_area(bbox=[6.0, 46.3, 6.0001, 46.3001])


def test_broken_geometry_of_an_order(archive):
    tile = archive.of("training")[0]
    payload = Order(acquisitions=[tile.acq_id], destination=f"s3://{env['ARD_BUCKET']}/refused").request.to_payload()
    for aoi in ({"intersects": "POLYGON((oops"}, {"bbox": [1, 2, 3]}):
        with pytest.raises(GeometryException):
            Order.send_order({**payload, **aoi})
    with pytest.raises(BadARDRequest):
        Order.send_order({**payload, "intersects": box(6, 46.3, 6.1, 46.4).wkt, "bbox": [6, 46.3, 6.1, 46.4]})


def test_selects_that_ask_for_nothing_or_too_much():
    for payload in (
        {"query": {}},
        {"bbox": [6, 46.3, 6.1, 46.4], "query": {"view:off_nadir": {"about": 3}}},
        {"bbox": [6, 46.3, 6.1, 46.4], "query": {"view:off_nadir": 3}},
        {"bbox": [6, 46.3, 6.1, 46.4], "query": [], "datetime": "last week"},
        {"bbox": [6, 46.3, 6.1, 46.4], "query": {}, "image_age_category": ["stale"]},
        {"bbox": [6, 46.3, 6.1, 46.4], "query": {}, "stack_depth": -1},
    ):
        with pytest.raises(BadARDRequest):
            Select.send_select(payload)


def test_bodies_that_are_no_orders(alice):
    from max_ard.session import ard_url

    for body in (b"{", b"[]", b'"x"', b"null", b'{"acquisitions": 3}', b'{"acquisitions": {"id": 1}}', b"\xff\xfe", b""):
        with pytest.raises(BadARDRequest):
            alice.post(ard_url("order"), data=body, headers={"Content-Type": "application/json"})


def test_a_body_too_large(archive):
    tile = archive.of("training")[0]
    with pytest.raises(OversizeRequestException):
        Order(acquisitions=[tile.acq_id], destination="s3://x/y", metadata={"padding": "x" * 5_000_000}).submit()


def test_wrong_passwords(monkeypatch):
    with pytest.raises(Exception, match="Invalid credentials"):
        login(env["ARD_USERNAME"], "wrong")
    with pytest.raises(Exception, match="Invalid credentials"):
        login("nobody@nowhere.example", "wrong")
    monkeypatch.setenv("ARD_PASSWORD", "wrong")
    with pytest.raises(Exception, match="Invalid ARD credentials given in environment variables"):
        ard_session._get_user_session()


def test_forged_and_missing_tokens(alice):
    header, claims, signature = alice.token["access_token"].split(".")
    altered = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    altered["exp"] = int(time.time()) + 10**6
    forged = base64.urlsafe_b64encode(json.dumps(altered).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    for token in (f"{header}.{forged}.{signature}", f"{none}.{forged}.", f"{header}.{claims}.{signature[:-4]}AAAA"):
        session = ard_session.add_session_hooks(ard_session.session_from_existing_token(token))
        with pytest.raises(UnAuthorizedException):
            session.get(ard_session.ard_url("auth", "self"))


def test_what_is_not_there_or_not_ones_own(mine, bob, archive):
    for order_id in ("123456789012345678", "x", "-1", "99999999999999999999999"):
        with pytest.raises(MissingARDResource):
            Order.get_order(order_id)
        with pytest.raises(MissingARDResource):
            Select.get_select(order_id)
    select = Select(acq_ids=[archive.tiles[0].acq_id])
    select.submit()
    assert Select.get_select(select.select_id)["id"] == select.select_id
    with pytest.raises(MissingARDResource):
        Select.get_select(select.select_id, session=bob)
    with pytest.raises(MissingARDResource):
        AccountManager(env["ARD_ACCOUNT_ID"], session=bob).properties
    with pytest.raises(MissingARDResource):
        AccountManager(env["ARD_ACCOUNT_ID"], session=bob).get_account_usage()
    with pytest.raises(MissingARDResource):
        Order.get_order(mine, session=bob)
    assert orders(bob) == []


def test_a_plain_user_does_not_administer(carol):
    with pytest.raises(ARDServerException):
        carol.get(ard_session.ard_url("admin", "account", env["ARD_ACCOUNT_ID"], "order"))


def test_a_colleagues_order_is_not_a_plain_users(mine, carol):
    with pytest.raises(MissingARDResource):
        Order.get_order(mine, session=carol)
