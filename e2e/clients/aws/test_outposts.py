"""Hardware orders with boto3: a site, an Outpost, an order, its shipment by the operator, and its end."""

import datetime

import pytest
from conftest import ADDRESS, client, listed, new_outpost
from desk import docket, show


def place(owner, outpost, *items, option="NO_UPFRONT", **kwargs):
    lines = [{"CatalogItemId": item, "Quantity": n} for item, n in items]
    return owner.create_order(OutpostIdentifier=outpost["OutpostId"], LineItems=lines, PaymentOption=option, **kwargs)["Order"]


def test_a_site_and_an_outpost_are_made_changed_and_deleted(alice):
    site = alice.create_site(
        Name="Roof",
        Description="the roof of the observatory",
        Notes="ring twice",
        Tags={"team": "optics"},
        OperatingAddress=ADDRESS,
        RackPhysicalProperties={"PowerPhase": "SINGLE_PHASE", "UplinkGbps": "UPLINK_10G"},
    )["Site"]
    assert site["SiteId"].startswith("os-") and len(site["SiteId"]) == 20
    assert site["SiteArn"].endswith(":site/" + site["SiteId"]) and site["AccountId"] in site["SiteArn"]
    assert site["OperatingAddressCity"] == "Aarhus" and site["Tags"] == {"team": "optics"}
    assert site["RackPhysicalProperties"]["UplinkGbps"] == "UPLINK_10G"
    got = alice.get_site(SiteId=site["SiteId"])["Site"]
    assert got["Name"] == "Roof" and got["Notes"] == "ring twice"
    address = alice.get_site_address(SiteId=site["SiteArn"], AddressType="OPERATING_ADDRESS")
    assert address["Address"] == ADDRESS and address["SiteId"] == site["SiteId"]
    assert alice.update_site(SiteId=site["SiteId"], Name="Cellar")["Site"]["Name"] == "Cellar"
    moved = alice.update_site_address(
        SiteId=site["SiteId"], AddressType="SHIPPING_ADDRESS", Address={**ADDRESS, "City": "Odense"}
    )
    assert moved["Address"]["City"] == "Odense"
    racks = alice.update_site_rack_physical_properties(SiteId=site["SiteId"], PowerFeedDrop="ABOVE_RACK")["Site"]
    assert racks["RackPhysicalProperties"]["PowerFeedDrop"] == "ABOVE_RACK"

    outpost = alice.create_outpost(
        Name="Dome", SiteId=site["SiteArn"], Description="first light", AvailabilityZone="eu-north-1a", Tags={"a": "b"}
    )["Outpost"]
    assert outpost["OutpostId"].startswith("op-") and len(outpost["OutpostId"]) == 20
    assert outpost["SiteId"] == site["SiteId"] and outpost["OwnerId"] == site["AccountId"] and len(outpost["OwnerId"]) == 12
    assert alice.get_outpost(OutpostId=outpost["OutpostArn"])["Outpost"]["Name"] == "Dome"
    assert alice.update_outpost(OutpostId=outpost["OutpostId"], Description="")["Outpost"]["Name"] == "Dome"
    every = [o["OutpostId"] for p in alice.get_paginator("list_outposts").paginate() for o in p["Outposts"]]
    assert outpost["OutpostId"] in every
    sites = alice.get_paginator("list_sites").paginate(OperatingAddressCityFilter=["Aarhus"], PaginationConfig={"PageSize": 1})
    assert site["SiteId"] in [s["SiteId"] for p in sites for s in p["Sites"]]
    assert alice.list_sites(OperatingAddressCountryCodeFilter=["SE"])["Sites"] == []

    alice.delete_outpost(OutpostId=outpost["OutpostId"])
    alice.delete_site(SiteId=site["SiteId"])
    with pytest.raises(alice.exceptions.NotFoundException):
        alice.get_outpost(OutpostId=outpost["OutpostId"])
    with pytest.raises(alice.exceptions.NotFoundException):
        alice.get_site(SiteId=site["SiteId"])


def test_the_catalog_lists_and_filters_items(alice, catalog):
    pages = list(alice.get_paginator("list_catalog_items").paginate(PaginationConfig={"PageSize": 2}))
    items = [i for p in pages for i in p["CatalogItems"]]
    assert len(items) >= 6 and len(pages) >= 3
    assert len({i["CatalogItemId"] for i in items}) == len(items)
    for item in items:
        assert len(item["CatalogItemId"]) == 10 and item["CatalogItemId"].startswith("OR-")
        assert item["EC2Capacities"] and all(isinstance(c["Quantity"], str) for c in item["EC2Capacities"])
        assert alice.get_catalog_item(CatalogItemId=item["CatalogItemId"])["CatalogItem"] == item
    assert not set(catalog["RACK"]) & set(catalog["SERVER"])
    assert set(catalog["RACK"] + catalog["SERVER"]) == {i["CatalogItemId"] for i in items if i["ItemStatus"] == "AVAILABLE"}
    family = items[0]["EC2Capacities"][0]["Family"]
    found = alice.list_catalog_items(EC2FamilyFilter=[family])["CatalogItems"]
    assert found and all(family in [c["Family"] for c in i["EC2Capacities"]] for i in found)


def test_an_order_goes_from_placing_to_installed_and_charged(alice, outpost, catalog):
    item = catalog["SERVER"][0]
    order = place(alice, outpost, (item, 2), (catalog["RACK"][0], 1), PaymentTerm="ONE_YEAR")
    assert order["OrderId"].startswith("oo-") and len(order["OrderId"]) == 20
    assert (order["Status"], order["OrderType"], order["OutpostId"]) == ("PREPARING", "OUTPOST", outpost["OutpostId"])
    assert (order["PaymentOption"], order["PaymentTerm"]) == ("NO_UPFRONT", "ONE_YEAR")
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs(order["OrderSubmissionDate"] - now) < datetime.timedelta(minutes=1) and "OrderFulfilledDate" not in order
    assert [(l["CatalogItemId"], l["Quantity"], l["Status"]) for l in order["LineItems"]] == [
        (item, 2, "PREPARING"),
        (catalog["RACK"][0], 1, "PREPARING"),
    ]
    assert alice.get_order(OrderId=order["OrderId"])["Order"] == order

    def now_shown():
        got = alice.get_order(OrderId=order["OrderId"])["Order"]
        return got["Status"], [l["Status"] for l in got["LineItems"]]

    docket("order", "approve", order["OrderId"])
    assert now_shown() == ("PREPARING", ["PREPARING", "PREPARING"])
    docket("order", "ship", order["OrderId"], "--line", "1", "--state", "building")
    assert now_shown() == ("IN_PROGRESS", ["BUILDING", "PREPARING"])
    with pytest.raises(alice.exceptions.ConflictException) as caught:
        alice.cancel_order(OrderId=order["OrderId"])
    assert caught.value.response["ResourceId"] == order["OrderId"]
    assert caught.value.response["ResourceType"] == "ORDER"

    docket("order", "ship", order["OrderId"], "--state", "shipped", "--carrier", "UPS", "--tracking", "1Z999AA10123456784",
           "--asset", "4409876543:0a:1b:2c:3d:4e:5f")
    got = alice.get_order(OrderId=order["OrderId"])["Order"]
    assert got["Status"] == "IN_PROGRESS"
    for line in got["LineItems"]:
        assert line["ShipmentInformation"] == {"ShipmentTrackingNumber": "1Z999AA10123456784", "ShipmentCarrier": "UPS"}
    server = got["LineItems"][0]["AssetInformationList"]
    assert server and server[0]["AssetId"] and all(len(m) == 17 for m in server[0].get("MacAddressList", []))

    docket("order", "ship", order["OrderId"], "--state", "delivered")
    assert now_shown() == ("DELIVERED", ["DELIVERED", "DELIVERED"])
    docket("order", "ship", order["OrderId"], "--state", "installing")
    docket("order", "ship", order["OrderId"], "--state", "installed")
    done = alice.get_order(OrderId=order["OrderId"])["Order"]
    assert done["Status"] == "COMPLETED" and [l["Status"] for l in done["LineItems"]] == ["INSTALLED", "INSTALLED"]
    assert done["OrderFulfilledDate"] >= done["OrderSubmissionDate"]

    told = show(order["OrderId"])
    assert told["state"] == "done" and told["outcome"] == "full"
    assert float(told["charged"]) == float(told["due"]) > 0 and float(told["held"]) == 0


def test_an_order_is_listed_with_its_lines_counted(alice, outpost, catalog):
    other = new_outpost(alice)
    ids = [place(alice, outpost, (catalog["SERVER"][0], 1), (catalog["SERVER"][-1], 3))["OrderId"] for _ in range(3)]
    elsewhere = place(alice, other, (catalog["SERVER"][0], 1))["OrderId"]
    assert sorted(listed(alice, OutpostIdentifierFilter=outpost["OutpostId"])) == sorted(ids)
    assert sorted(listed(alice, OutpostIdentifierFilter=outpost["OutpostArn"], PaginationConfig={"PageSize": 1})) == sorted(ids)
    assert listed(alice, OutpostIdentifierFilter=other["OutpostId"]) == [elsewhere]
    assert {*ids, elsewhere} <= set(listed(alice))
    summary = alice.list_orders(OutpostIdentifierFilter=other["OutpostId"])["Orders"][0]
    assert summary["LineItemCountsByStatus"] == {"PREPARING": 1} and summary["Status"] == "PREPARING"
    assert "LineItems" not in summary and summary["OrderType"] == "OUTPOST"
    first = alice.list_orders(OutpostIdentifierFilter=outpost["OutpostId"], MaxResults=1)
    assert len(first["Orders"]) == 1 and first["NextToken"]


def test_an_order_is_cancelled_while_it_is_prepared(alice, outpost, catalog):
    order = place(alice, outpost, (catalog["SERVER"][0], 1), option="ALL_UPFRONT", PaymentTerm="THREE_YEARS")
    assert float(show(order["OrderId"])["held"]) > 0
    alice.cancel_order(OrderId=order["OrderId"])
    got = alice.get_order(OrderId=order["OrderId"])["Order"]
    assert got["Status"] == "CANCELLED" and [l["Status"] for l in got["LineItems"]] == ["CANCELLED"]
    told = show(order["OrderId"])
    assert told["state"] == "canceled" and float(told["held"]) == float(told["charged"]) == 0
    with pytest.raises(alice.exceptions.ConflictException) as caught:
        alice.cancel_order(OrderId=order["OrderId"])
    assert caught.value.response["ResourceId"] == order["OrderId"]


def test_every_payment_option_and_term_is_priced(alice, outpost, catalog):
    due = {}
    for option in ("ALL_UPFRONT", "PARTIAL_UPFRONT", "NO_UPFRONT"):
        for term in ("ONE_YEAR", "THREE_YEARS", "FIVE_YEARS"):
            order = place(alice, outpost, (catalog["RACK"][0], 1), option=option, PaymentTerm=term)
            assert (order["PaymentOption"], order["PaymentTerm"]) == (option, term)
            due[option, term] = float(show(order["OrderId"])["due"])
            alice.cancel_order(OrderId=order["OrderId"])
    for term in ("ONE_YEAR", "THREE_YEARS", "FIVE_YEARS"):
        assert due["ALL_UPFRONT", term] > due["PARTIAL_UPFRONT", term] > due["NO_UPFRONT", term] > 0
    assert place(alice, outpost, (catalog["SERVER"][0], 1))["PaymentTerm"] in ("ONE_YEAR", "THREE_YEARS", "FIVE_YEARS")


def test_a_lost_answer_does_not_buy_twice(outpost, catalog):
    """The first answer never arrives; boto3 sends the same invocation again, as it does by itself."""
    from botocore.awsrequest import AWSResponse
    from botocore.httpsession import URLLib3Session

    sent = []

    def lose(request, **_):
        sent.append(request.headers["amz-sdk-invocation-id"])
        if len(sent) > 1:
            return None
        assert URLLib3Session().send(request).status_code == 200
        return AWSResponse(request.url, 500, {}, EmptyBody())

    unlucky = client()
    unlucky.meta.events.register("before-send.outposts.CreateOrder", lose)
    order = place(unlucky, outpost, (catalog["SERVER"][0], 1))
    assert len(sent) == 2 and len(set(sent)) == 1
    assert listed(unlucky, OutpostIdentifierFilter=outpost["OutpostId"]) == [order["OrderId"]]


class EmptyBody:
    """The body of an answer that was cut off."""

    def stream(self, **_):
        yield b"{}"

    def read(self, *_, **__):
        return b"{}"


def test_a_site_does_not_move_under_an_open_order(alice, outpost, catalog):
    order = place(alice, outpost, (catalog["SERVER"][0], 1))
    with pytest.raises(alice.exceptions.ConflictException) as caught:
        alice.update_site_address(SiteId=outpost["SiteId"], AddressType="OPERATING_ADDRESS", Address=ADDRESS)
    assert caught.value.response["ResourceId"] == order["OrderId"]
    alice.cancel_order(OrderId=order["OrderId"])
    alice.update_site_address(SiteId=outpost["SiteId"], AddressType="OPERATING_ADDRESS", Address=ADDRESS)
