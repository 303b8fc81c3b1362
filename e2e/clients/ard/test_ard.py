"""Orders through the imagery door with max-ard: from placing to delivered, charged and read back."""

import json

import pytest
from conftest import PRICES, area, finish, orders
from desk import env
from max_ard.ard_collection import ARDCollection
from max_ard.order import Order
from max_ard.select import Select
from shapely.geometry import box, mapping


def money(usage):
    """Costs by category of a usage, with the areas they are for."""
    return {c: (getattr(usage.area, f"{c}_imagery_sqkm"), getattr(usage.cost, f"{c}_imagery_cost")) for c in PRICES}


def test_an_order_goes_from_placing_to_delivered_and_charged(account, archive, destination, delivered, s3):
    tile = archive.of("fresh")[0]
    before = account.get_account_usage()

    order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, destination=destination)
    order.submit()
    assert order.order_id.isdigit() and len(order.order_id) <= 19
    finish(order)

    used = order.usage
    assert used.area.estimate is False and used.cost.estimate is False
    assert used.area.fresh_imagery_sqkm == pytest.approx(area(tile), rel=1e-5)
    assert used.area.total_imagery_sqkm == used.area.fresh_imagery_sqkm
    assert used.cost.fresh_imagery_cost == pytest.approx(25 * used.area.fresh_imagery_sqkm, abs=0.006)
    assert used.cost.total_imagery_cost == used.cost.fresh_imagery_cost

    after = account.get_account_usage()
    assert after.cost.total_imagery_cost - before.cost.total_imagery_cost == pytest.approx(used.cost.total_imagery_cost, abs=1e-6)
    assert before.available.total_imagery_balance - after.available.total_imagery_balance == pytest.approx(
        used.cost.total_imagery_cost, abs=1e-6
    )
    assert before.available.fresh_imagery_balance - after.available.fresh_imagery_balance == pytest.approx(
        used.cost.total_imagery_cost, abs=1e-6
    )

    collection = ARDCollection.from_order(order)
    assert [(t.acq_id, t.cell.id) for t in collection.tiles] == [(tile.acq_id, tile.cell_id)]
    assert collection.dates == [tile.date]
    there = collection.tiles[0]
    assert there.properties["quadkey"] == tile.quadkey and int(there.properties["utm_zone"]) == tile.zone
    for name in ("visual", "pan_analytic", "ms_analytic", "cloud-mask", "data-mask"):
        with open(there.asset_paths[name], "rb") as f:
            start = f.read(16)
        if there.asset_paths[name].endswith(".gpkg"):
            assert start == b"SQLite format 3\0", name
        else:
            assert start[:2] in (b"II", b"MM"), name
    assert (delivered / "order_collections" / f"{order.order_id}_root_collection.json").is_file()
    request = json.loads((delivered / f"{order.order_id}-request.json").read_text())
    assert request["acquisitions"] == [{"id": tile.acq_id, "cells": [tile.cell_id]}]
    assert len(ARDCollection(str(delivered)).tiles) == 1, "a scan of the folder finds the tiles too"


def test_an_order_read_by_its_id_shows_what_was_ordered(archive, destination, folder):
    tile = archive.of("training")[0]
    order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, destination=destination, metadata={"customer": "abc-1"})
    order.submit()
    finish(order)

    raw = Order.get_order(order.order_id)
    assert raw["id"] == order.order_id and raw["status"] == "SUCCEEDED"
    assert raw["order"]["acquisitions"] == [{"id": tile.acq_id, "cells": [tile.cell_id]}]
    assert raw["order"]["output_config"] == {"bucket": env["ARD_BUCKET"], "prefix": folder}
    assert raw["order"]["metadata"] == {"customer": "abc-1"}
    assert raw["order"]["settings"]["bundle_adjust"] is False
    again = Order.from_id(order.order_id)
    assert again.succeeded and again.usage.cost.total_imagery_cost == order.usage.cost.total_imagery_cost


def test_one_order_sums_lines_of_every_age(archive, destination, s3):
    small = [archive.of(age)[-1] for age in PRICES]
    assert len({t.acq_id for t in small}) == 3
    order = Order(acquisitions={t.acq_id: [t.cell_id] for t in small}, destination=destination)
    order.submit()
    finish(order)

    got = money(order.usage)
    for age, tile in zip(PRICES, small):
        assert got[age][0] == pytest.approx(area(tile), rel=1e-5), age
        assert got[age][1] == pytest.approx(PRICES[age] * got[age][0], abs=0.006), age
    assert order.usage.cost.total_imagery_cost == pytest.approx(sum(c for _, c in got.values()), abs=1e-6)
    assert {t.acq_id for t in ARDCollection.from_order(order).tiles} == {t.acq_id for t in small}


def test_amazon_s3_output_is_echoed_and_read_back(archive, folder, s3):
    tile = archive.of("training")[-1]
    config = {"amazon_s3": {"bucket": env["ARD_BUCKET"], "prefix": folder}}
    order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, output_config=config)
    order.submit()
    finish(order)
    assert Order.get_order(order.order_id)["order"]["output_config"] == config
    assert [t.acq_id for t in ARDCollection.from_order(order.order_id).tiles] == [tile.acq_id]


def test_settings_leave_files_out(archive, destination, delivered):
    tile = archive.of("training")[-1]
    order = Order(
        acquisitions={tile.acq_id: [tile.cell_id]},
        destination=destination,
        settings={"bundle_adjust": False, "ms_analytic": False, "water_mask": False},
    )
    order.submit()
    finish(order)
    names = {p.name for p in delivered.rglob(f"{tile.acq_id}-*")}
    assert f"{tile.acq_id}-visual.tif" in names and f"{tile.acq_id}-pan.tif" in names
    assert not [n for n in names if n.endswith("-ms.tif") or "water" in n]


def spellings(archive, acq_id):
    """Every way in which the client lets one name an acquisition without its cells."""
    found = archive.found.get_acquisition(acq_id)
    one = type(archive.found)()
    for tile in found:
        one.add_tile(tile)
    return {
        "text": acq_id,
        "list of texts": [acq_id],
        "list of objects": [{"id": acq_id}],
        "dict": {acq_id: []},
        "dict of all cells": {acq_id: [t.cell_id for t in found]},
        "select result": one,
    }


def test_all_spellings_of_acquisitions_ask_for_the_same(archive, destination):
    acq_id = min(archive.found.acquisitions, key=len).acq_id
    asked = {}
    for name, spelling in spellings(archive, acq_id).items():
        order = Order(acquisitions=spelling, destination=destination, dry_run=True)
        order.submit()
        asked[name] = order.usage
    payload = {"output_config": {"bucket": env["ARD_BUCKET"], "prefix": "raw"}, "settings": {}, "metadata": {}, "dry_run": True}
    cells = [t.cell_id for t in archive.found.get_acquisition(acq_id)]
    for name, acquisitions in {"bare ids": [acq_id], "cell_ids": [{"id": acq_id, "cell_ids": cells}]}.items():
        asked[name] = type(order.usage)(**Order.send_order({**payload, "acquisitions": acquisitions})["usage"])

    want = sum(area(t) for t in archive.found.get_acquisition(acq_id))
    for name, usage in asked.items():
        assert usage.area.total_imagery_sqkm == pytest.approx(want, rel=1e-4), name
        assert usage == asked["text"], name


def test_one_order_names_an_acquisition_by_the_later_spelling(archive, destination):
    tile = archive.of("training")[0]
    request = Order(acquisitions=tile.acq_id, destination=destination).request.to_payload()
    request["acquisitions"] = [{"id": tile.acq_id, "cell_ids": [tile.cell_id]}]
    order = Order.from_id(Order.send_order(request)["id"])
    finish(order)
    assert order.usage.area.total_imagery_sqkm == pytest.approx(area(tile), rel=1e-5)


def half(tile):
    """The western half of a tile's cell, as a box of degrees inside it."""
    west, south, east, north = tile.cell.geom_WGS84.bounds
    return box(west + 0.002, south + 0.002, (west + east) / 2, north - 0.002)


def test_an_area_of_interest_cuts_what_is_ordered(archive, destination):
    tile = archive.of("standard")[0]
    aoi = half(tile)
    want = area(tile, aoi)
    assert 0 < want < 0.7 * area(tile)
    for name, kwargs in {
        "bbox": {"bbox": list(aoi.bounds)},
        "wkt": {"intersects": aoi.wkt},
        "geojson": {"intersects": mapping(aoi)},
        "geojson text": {"intersects": json.dumps(mapping(aoi))},
        "feature": {"intersects": {"type": "Feature", "properties": {}, "geometry": mapping(aoi)}},
        "shape": {"intersects": aoi},
    }.items():
        order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, destination=destination, dry_run=True, **kwargs)
        order.submit()
        assert order.usage.area.total_imagery_sqkm == pytest.approx(want, rel=1e-4), name
    order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, destination=destination, bbox=list(aoi.bounds))
    order.submit()
    finish(order)
    assert order.usage.area.standard_imagery_sqkm == pytest.approx(want, rel=1e-4)
    assert order.usage.cost.standard_imagery_cost == pytest.approx(20 * order.usage.area.standard_imagery_sqkm, abs=0.006)


def test_a_select_is_ordered_by_its_id(archive, destination, s3):
    tile = archive.of("training")[0]
    select = Select(bbox=list(half(tile).bounds), image_age_category=["training"], stack_depth=1)
    select.submit()
    select.wait_for_success(0.1)
    order = Order(select_id=select.select_id, destination=destination)
    order.submit()
    finish(order)
    assert order.usage.area.total_imagery_sqkm == pytest.approx(select.usage.area.total_imagery_sqkm, abs=1e-3)
    assert order.usage.cost.total_imagery_cost == pytest.approx(select.usage.cost.total_imagery_cost, abs=1e-6)
    there = {(t.acq_id, t.cell.id) for t in ARDCollection.from_order(order).tiles}
    assert there == {(t.acq_id, t.cell_id) for t in select.results.tiles}


def test_a_dry_run_says_the_cost_and_keeps_nothing(account, archive, destination, delivered):
    tile = archive.of("fresh")[0]
    before, listed = account.get_account_usage(), orders()
    order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, destination=destination, dry_run=True)
    order.submit()
    assert order.order_id == "dry run" and order.succeeded
    assert order.usage.area.estimate is True and order.usage.cost.estimate is True
    assert order.usage.area.fresh_imagery_sqkm == pytest.approx(area(tile), rel=1e-5)
    assert order.usage.cost.total_imagery_cost == pytest.approx(25 * order.usage.area.fresh_imagery_sqkm, abs=0.006)

    whole = Order.send_order(order.request.to_payload())["usage"]
    assert whole["limits"]["annual_subscription_fee_limit"] == 15000
    assert whole["available"]["total_imagery_balance"] == before.available.total_imagery_balance
    assert account.get_account_usage() == before
    assert orders() == listed
    assert not delivered.exists()


def test_submitting_one_order_twice_buys_it_once(account, archive, destination):
    tile = archive.of("training")[-1]
    before, listed = account.get_account_usage(), orders()
    order = Order(acquisitions={tile.acq_id: [tile.cell_id]}, destination=destination)
    order.submit()
    order.submit()  # the client posts again before it warns
    finish(order)
    assert orders() == [order.order_id, *listed]
    spent = account.get_account_usage().cost.total_imagery_cost - before.cost.total_imagery_cost
    assert spent == pytest.approx(order.usage.cost.total_imagery_cost, abs=1e-6)
