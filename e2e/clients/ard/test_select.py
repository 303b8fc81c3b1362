"""Finding imagery with max-ard: selects with all their conditions, and the metadata calls."""

import json
import statistics

import pytest
from conftest import PLACES, area
from max_ard.metadata import MetaSelect, batch_search_by_area, get_acquisition, get_tile, search_by_area, search_by_cell_id
from max_ard.select import Select
from shapely.geometry import box, mapping

DEEP = 100  # more tiles than any cell of the demo holds


def find(**kwargs):
    """The tiles that a select finds, as (acquisition, cell)."""
    select = Select(**{"stack_depth": DEEP, **kwargs})
    select.submit()
    select.wait_for_success(0.1)
    assert select.succeeded, select.response
    return named(select.results.tiles)


def named(tiles):
    return {(t.acq_id, t.cell_id) for t in tiles}


@pytest.fixture(scope="module")
def place(archive):
    """The tiles of one place, and a box around it."""
    aoi = box(*PLACES["desert"])
    return aoi, [t for t in archive.tiles if t.cell.geom_WGS84.intersects(aoi)]


def test_every_spelling_of_an_area_finds_the_same(place):
    aoi, tiles = place
    for name, kwargs in {
        "bbox": {"bbox": list(aoi.bounds)},
        "wkt": {"intersects": aoi.wkt},
        "geojson": {"intersects": mapping(aoi)},
        "geojson text": {"intersects": json.dumps(mapping(aoi))},
    }.items():
        assert find(**kwargs) == named(tiles), name
    raw = Select.send_select({"intersects": mapping(aoi), "query": {}, "stack_depth": DEEP})
    select = Select.from_id(raw["id"])
    select.wait_for_success(0.1)
    assert named(select.results.tiles) == named(tiles), "GeoJSON on the wire, which the client itself turns into WKT"


def test_ids_alone_and_within_an_area(archive, place):
    aoi, tiles = place
    tile = max(tiles, key=area)  # one that has data in the middle of its cell
    assert find(acq_ids=[tile.acq_id]) == named(t for t in archive.tiles if t.acq_id == tile.acq_id)
    middle = tile.cell.geom_WGS84.centroid.buffer(0.01)
    assert find(acq_ids=[tile.acq_id], intersects=middle) == {(tile.acq_id, tile.cell_id)}


def test_dates_bound_a_select(place):
    aoi, tiles = place
    bbox = list(aoi.bounds)
    days = sorted({t.date for t in tiles})
    middle = days[len(days) // 2]
    assert find(bbox=bbox, datetime=f"{middle}T00:00:00Z/..") == named(t for t in tiles if t.date >= middle)
    assert find(bbox=bbox, datetime=f"../{middle}T23:59:59Z") == named(t for t in tiles if t.date <= middle)
    assert find(bbox=bbox, datetime=f"{days[0]}/{days[-1]}") == named(tiles)
    assert find(bbox=bbox, datetime=f"{days[0]}T00:00:00Z/{days[0]}T23:59:59Z") == named(t for t in tiles if t.date == days[0])


def test_age_categories_bound_a_select(archive, place):
    aoi, tiles = place
    for ages in (["fresh"], ["standard"], ["training"], ["fresh", "standard"], ["standard", "training"]):
        want = named(t for t in tiles if archive.category(t.acq_id) in ages)
        assert find(bbox=list(aoi.bounds), image_age_category=ages) == want, ages


def test_every_operator_filters(place):
    aoi, tiles = place
    angle = "view:off_nadir"
    values = sorted(t.properties[angle] for t in tiles)
    middle = statistics.median_low(values)
    platforms = sorted({t.properties["platform"] for t in tiles})
    assert values[0] < middle < values[-1] and len(platforms) > 1, "the demo's archive tells its tiles apart"
    for name, query, fits in [
        ("lt", {angle: {"lt": middle}}, lambda p: p[angle] < middle),
        ("lte", {angle: {"lte": middle}}, lambda p: p[angle] <= middle),
        ("gt", {angle: {"gt": middle}}, lambda p: p[angle] > middle),
        ("gte", {angle: {"gte": middle}}, lambda p: p[angle] >= middle),
        ("between", {angle: {"gt": values[0], "lt": values[-1]}}, lambda p: values[0] < p[angle] < values[-1]),
        ("eq", {"platform": {"eq": platforms[0]}}, lambda p: p["platform"] == platforms[0]),
        ("ne", {"platform": {"ne": platforms[0]}}, lambda p: p["platform"] != platforms[0]),
        ("in", {"platform": {"in": platforms[:2]}}, lambda p: p["platform"] in platforms[:2]),
        (
            "or",
            {angle: {"or": [{"lt": middle}, {"eq": values[-1]}]}},
            lambda p: p[angle] < middle or p[angle] == values[-1],
        ),
        (
            "two properties",
            {angle: {"lte": middle}, "platform": {"eq": platforms[0]}},
            lambda p: p[angle] <= middle and p["platform"] == platforms[0],
        ),
    ]:
        assert find(bbox=list(aoi.bounds), query=query) == named(t for t in tiles if fits(t.properties)), name


def test_clouds_and_data_in_the_area_filter(place):
    aoi, _ = place
    select = Select(bbox=list(aoi.bounds), stack_depth=DEEP)
    select.submit()
    select.wait_for_success(0.1)
    for key in ("aoi:cloud_free_percentage", "aoi:data_percentage"):
        values = sorted(t.properties[key] for t in select.results.tiles)
        assert 0 <= values[0] and values[-1] <= 100
        bound = statistics.median_high(values)
        want = named(t for t in select.results.tiles if t.properties[key] >= bound)
        assert find(bbox=list(aoi.bounds), query={key: {"gte": bound}}) == want, key


def test_a_cell_shows_its_best_tiles_up_to_the_depth_asked(place):
    aoi, tiles = place
    per_cell = {}
    for acq_id, cell_id in find(bbox=list(aoi.bounds), stack_depth=2):
        per_cell.setdefault(cell_id, set()).add(acq_id)
    for cell_id in {t.cell_id for t in tiles}:
        there = len([t for t in tiles if t.cell_id == cell_id])
        assert len(per_cell.get(cell_id, ())) == min(2, there), cell_id
    default = Select(bbox=list(aoi.bounds))
    default.submit()
    assert default.response.request_details["stack_depth"] == 5


def test_a_select_tells_what_it_would_cost_and_costs_nothing(account, archive, place):
    aoi, tiles = place
    before = account.get_account_usage()
    select = Select(bbox=list(aoi.bounds), stack_depth=DEEP)
    select.submit()
    select.wait_for_success(0.1)
    assert select.select_id.isdigit()
    assert select.usage.area.estimate is True
    assert select.response.unique_acquisitions == len({t.acq_id for t in tiles})
    for age in ("fresh", "standard", "training"):
        want = sum(area(t, aoi) for t in tiles if archive.category(t.acq_id) == age)
        assert getattr(select.usage.area, f"{age}_imagery_sqkm") == pytest.approx(want, rel=3e-3), age
    assert select.usage.available.total_imagery_balance == before.available.total_imagery_balance
    assert account.get_account_usage() == before

    again = Select.from_id(select.select_id)
    assert again.succeeded and again.request.query == {}
    assert again.get_signed_link("geojson").startswith("https://")
    assert json.loads(again.get_link_contents("geojson"))["type"] == "FeatureCollection"


def test_metadata_of_an_area_comes_as_geojson_and_as_an_order(place):
    aoi, tiles = place
    found = search_by_area(bbox=list(aoi.bounds), format="order")
    assert {(acq, cell) for acq, cells in found.items() for cell in cells} == named(tiles)
    newest = search_by_area(bbox=list(aoi.bounds), stack_depth=1)["features"]
    assert len(newest) == len({t.cell_id for t in tiles})
    for feature in newest:
        p = feature["properties"]
        cell_id = "Z%02d-%s" % (int(p["tile:zone"]), p["tile:quadkey"])
        assert p["date"] == max(t.date for t in tiles if t.cell_id == cell_id)


def test_a_place_where_two_zones_meet_is_found_in_both(archive):
    found = find(bbox=PLACES["border"])
    assert {cell_id[:3] for _, cell_id in found} == {"Z32", "Z33"}
    assert found == named(t for t in archive.tiles if t.zone in (32, 33))


def test_metadata_of_cells_acquisitions_and_tiles(archive, place):
    _, tiles = place
    tile = tiles[0]
    here = {t.acq_id for t in archive.tiles if t.cell_id == tile.cell_id}
    assert {f["properties"]["acquisition_id"] for f in search_by_cell_id(tile.cell_id)["features"]} == here
    assert set(search_by_cell_id(tile.cell_id, format="order")) == here
    whole = get_acquisition(tile.acq_id, format="order")
    assert set(whole[tile.acq_id]) == {t.cell_id for t in archive.tiles if t.acq_id == tile.acq_id}
    one = get_tile(tile.cell_id, tile.acq_id)
    assert one["type"] == "Feature" and one["properties"]["acquisition_id"] == tile.acq_id


def test_the_batch_search_goes_cell_by_cell(archive, place):
    _, tiles = place
    x, y = tiles[0].cell.geom_WGS84.centroid.coords[0]
    corner = box(x - 0.03, y - 0.03, x + 0.03, y + 0.03)
    want = named(t for t in archive.tiles if t.data_mask.intersection(corner).area > 0 and t.cell.geom_WGS84.intersects(corner))
    found = MetaSelect(intersects=corner).results.tiles
    assert want <= named(found)
    filtered = batch_search_by_area(filters=[lambda t: t["properties"]["acquisition_id"] == tiles[0].acq_id], intersects=corner)
    assert {f["properties"]["acquisition_id"] for f in filtered["features"]} == {tiles[0].acq_id}
