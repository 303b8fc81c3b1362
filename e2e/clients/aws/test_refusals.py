"""What the hardware door refuses, as the exceptions that boto3 makes of it."""

import datetime

import botocore.auth
import pytest
from botocore.exceptions import ClientError
from conftest import client, listed, new_outpost
from desk import env

UNKNOWN = "0123456789abcdef0"


def lines(item, quantity=1):
    return [{"CatalogItemId": item, "Quantity": quantity}]


def test_an_order_over_the_money_limit(bob, catalog):
    outpost = new_outpost(bob)
    for option in ("ALL_UPFRONT", "PARTIAL_UPFRONT"):
        for rack in catalog["RACK"]:
            with pytest.raises(bob.exceptions.ServiceQuotaExceededException) as caught:
                bob.create_order(OutpostIdentifier=outpost["OutpostId"], LineItems=lines(rack), PaymentOption=option)
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
            assert "50000" in caught.value.response["Error"]["Message"].replace(",", "")
    assert listed(bob, OutpostIdentifierFilter=outpost["OutpostId"]) == []
    order = bob.create_order(OutpostIdentifier=outpost["OutpostId"], LineItems=lines(catalog["SERVER"][0]), PaymentOption="NO_UPFRONT")
    assert listed(bob) == [order["Order"]["OrderId"]], "what fits is taken, and counts from then on"
    bob.cancel_order(OrderId=order["Order"]["OrderId"])


def test_a_quantity_beyond_all_bounds(alice, bob, outpost, catalog):
    own = new_outpost(bob)
    for quantity in (10**6, 2**31 - 1):
        with pytest.raises(ClientError) as caught:
            bob.create_order(OutpostIdentifier=own["OutpostId"], LineItems=lines(catalog["SERVER"][0], quantity), PaymentOption="NO_UPFRONT")
        assert caught.value.response["Error"]["Code"] in ("ServiceQuotaExceededException", "ValidationException")
    for quantity in (10**12, 2**63 - 1, 10**30):
        with pytest.raises(alice.exceptions.ValidationException):
            alice.create_order(OutpostIdentifier=outpost["OutpostId"], LineItems=lines(catalog["RACK"][0], quantity), PaymentOption="NO_UPFRONT")
    assert listed(alice, OutpostIdentifierFilter=outpost["OutpostId"]) == []


def test_ids_that_name_nothing_of_the_callers(alice, bob, outpost, catalog):
    order = alice.create_order(OutpostIdentifier=outpost["OutpostId"], LineItems=lines(catalog["SERVER"][0]), PaymentOption="NO_UPFRONT")
    order_id, item = order["Order"]["OrderId"], lines(catalog["SERVER"][0])
    for who, call, kwargs in [
        (alice, "get_order", {"OrderId": "oo-" + UNKNOWN}),
        (alice, "cancel_order", {"OrderId": "oo-" + UNKNOWN}),
        (alice, "get_outpost", {"OutpostId": "op-" + UNKNOWN}),
        (alice, "get_site", {"SiteId": "os-" + UNKNOWN}),
        (alice, "get_catalog_item", {"CatalogItemId": "OR-ZZZZZZZ"}),
        (alice, "list_orders", {"OutpostIdentifierFilter": "op-" + UNKNOWN}),
        (alice, "create_outpost", {"Name": "x", "SiteId": "os-" + UNKNOWN}),
        (alice, "create_order", {"OutpostIdentifier": "op-" + UNKNOWN, "LineItems": item, "PaymentOption": "NO_UPFRONT"}),
        (alice, "create_order", {"OutpostIdentifier": outpost["OutpostId"], "LineItems": lines("OR-ZZZZZZZ"), "PaymentOption": "NO_UPFRONT"}),
        (bob, "get_order", {"OrderId": order_id}),
        (bob, "cancel_order", {"OrderId": order_id}),
        (bob, "get_outpost", {"OutpostId": outpost["OutpostId"]}),
        (bob, "get_outpost", {"OutpostId": outpost["OutpostArn"]}),
        (bob, "get_site", {"SiteId": outpost["SiteId"]}),
        (bob, "create_outpost", {"Name": "x", "SiteId": outpost["SiteId"]}),
        (bob, "create_order", {"OutpostIdentifier": outpost["OutpostArn"], "LineItems": item, "PaymentOption": "NO_UPFRONT"}),
        (bob, "delete_outpost", {"OutpostId": outpost["OutpostId"]}),
    ]:
        with pytest.raises(who.exceptions.NotFoundException) as caught:
            getattr(who, call)(**kwargs)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404, (call, kwargs)
    assert order_id not in listed(bob)
    alice.cancel_order(OrderId=order_id)


def test_requests_that_break_the_model(alice, outpost, catalog):
    good = {"OutpostIdentifier": outpost["OutpostId"], "LineItems": lines(catalog["SERVER"][0]), "PaymentOption": "NO_UPFRONT"}
    for wrong in [
        {"OutpostIdentifier": "bogus"},
        {"PaymentOption": "WHATEVER"},
        {"PaymentTerm": "TWO_YEARS"},
        {"LineItems": lines("bogus")},
        {"LineItems": lines(catalog["SERVER"][0]) * 21},
    ]:
        with pytest.raises(alice.exceptions.ValidationException) as caught:
            alice.create_order(**{**good, **wrong})
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400, wrong
    for call, kwargs in [
        ("get_order", {"OrderId": "bogus"}),
        ("get_outpost", {"OutpostId": "bogus"}),
        ("get_site", {"SiteId": "bogus"}),
        ("list_orders", {"NextToken": "bogus"}),
        ("list_sites", {"NextToken": "1##not ours"}),
        ("create_site", {"Name": "x" * 1001}),
        ("create_outpost", {"Name": "x" * 256, "SiteId": outpost["SiteId"]}),
        ("get_site_address", {"SiteId": outpost["SiteId"], "AddressType": "HOME"}),
    ]:
        with pytest.raises(alice.exceptions.ValidationException):
            getattr(alice, call)(**kwargs)
    assert listed(alice, OutpostIdentifierFilter=outpost["OutpostId"]) == []


def test_a_key_narrowed_to_reading(reader, alice, outpost, catalog):
    assert reader.get_outpost(OutpostId=outpost["OutpostId"])["Outpost"]["OutpostId"] == outpost["OutpostId"]
    assert listed(reader) == listed(alice)
    sites = len(alice.list_sites()["Sites"])
    for call, kwargs in [
        ("create_order", {"OutpostIdentifier": outpost["OutpostId"], "LineItems": lines(catalog["SERVER"][0]), "PaymentOption": "NO_UPFRONT"}),
        ("create_site", {"Name": "not allowed"}),
        ("delete_outpost", {"OutpostId": outpost["OutpostId"]}),
    ]:
        with pytest.raises(reader.exceptions.AccessDeniedException) as caught:
            getattr(reader, call)(**kwargs)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, call
    assert listed(alice, OutpostIdentifierFilter=outpost["OutpostId"]) == []
    assert len(alice.list_sites()["Sites"]) == sites


def code_and_status(caught):
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_bad_signatures_and_unknown_keys():
    for kwargs, want in [
        ({"aws_secret_access_key": "x" * 40, "aws_access_key_id": env["AWS_ACCESS_KEY_ID"]}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIAUNKNOWNUNKNOWN00", "aws_secret_access_key": "x" * 40}, "UnrecognizedClientException"),
    ]:
        with pytest.raises(ClientError) as caught:
            client(**kwargs).list_sites()
        assert code_and_status(caught) == (want, 403)


def test_an_altered_body_breaks_the_signature(outpost, catalog):
    tampering = client()

    def alter(request, **_):
        request.body = request.body.replace(b'"Quantity": 1', b'"Quantity": 9')

    tampering.meta.events.register("before-send.outposts.CreateOrder", alter)
    with pytest.raises(ClientError) as caught:
        tampering.create_order(OutpostIdentifier=outpost["OutpostId"], LineItems=lines(catalog["SERVER"][0]), PaymentOption="NO_UPFRONT")
    assert code_and_status(caught) == ("InvalidSignatureException", 403)


def test_stale_clocks(once, monkeypatch):
    now = botocore.auth.get_current_datetime
    for minutes in (-20, 20, -60 * 24 * 8):
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: now(*a, **k) + datetime.timedelta(minutes=minutes))
        with pytest.raises(ClientError) as caught:
            once.list_sites()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, minutes
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: now(*a, **k) + datetime.timedelta(minutes=4))
    once.list_sites()


def test_an_unsigned_request():
    from botocore import UNSIGNED
    from botocore.config import Config

    with pytest.raises(ClientError) as caught:
        client(config=Config(signature_version=UNSIGNED)).list_sites()
    assert code_and_status(caught) == ("MissingAuthenticationTokenException", 403)


def test_an_operation_the_desk_does_not_serve(alice):
    with pytest.raises(ClientError) as caught:
        alice.get_connection(ConnectionId="abc")
    assert code_and_status(caught)[1] == 404
