"""Orders real tiles that were imported, one order for each file of theirs, with max-ard.

    real_tiles.py FILE.geojson…
"""

import collections
import json
import os
import pathlib
import sys
import tempfile

from conftest import area, finish
from desk import env
from max_ard.ard_collection import ARDCollection, ARDTile
from max_ard.metadata import search_by_area
from max_ard.order import Order
from max_ard.select import SelectResult


def cell_id(properties):
    return "Z%02d-%s" % (int(properties["utm_zone"]), properties["quadkey"])


def order_of(path):
    """Selects all tiles of a file, and orders the smallest two of two acquisitions."""
    features = [f["properties"] for f in json.loads(path.read_text())["features"]]
    listed = {(p["catalog_id"], cell_id(p)): p for p in features}
    ids = sorted({p["catalog_id"] for p in features})
    found = SelectResult.from_geojson(search_by_area(acq_ids=ids))
    tiles = {(t.acq_id, t.cell_id): t for t in found.tiles}
    assert set(tiles) == set(listed), f"{path.name}: {len(tiles)} found of {len(listed)} tiles"
    for key, tile in tiles.items():
        # The vendor's figure includes the apron round the cell and is cut to a tenth.
        assert area(tile) <= listed[key]["tile:data_area"] + 0.25, (key, area(tile), listed[key]["tile:data_area"])
        assert tile.date == listed[key]["datetime"][:10], key

    wanted, taken = collections.defaultdict(list), 0.0
    for key in sorted(tiles, key=lambda k: area(tiles[k])):
        if area(tiles[key]) > 0.5 and (key[0] in wanted or len(wanted) < 2) and len(wanted[key[0]]) < 2:
            wanted[key[0]].append(key[1])
            taken += area(tiles[key])
    wanted = {k: v for k, v in wanted.items() if v}
    prefix = path.stem.lower()
    order = Order(acquisitions=wanted, destination=f"s3://{env['ARD_BUCKET']}/{prefix}")
    order.submit()
    finish(order)
    got = order.usage.area.total_imagery_sqkm
    # The outline in degrees, which is all that the client sees, is a looser copy of what is measured.
    assert abs(got - taken) < 0.02 * taken + 0.2, (path.name, got, taken)
    assert order.usage.cost.total_imagery_cost > 0

    keys = {(acq, cell) for acq, cells in wanted.items() for cell in cells}
    known = lambda acq: ARDTile.CAT_ID_REGEX.search(acq) or ARDTile.WV4_REGEX.search(acq)
    if all(known(acq) for acq in wanted):
        read = {(t.acq_id, t.cell.id) for t in ARDCollection.from_order(order).tiles}
        assert read == keys, (path.name, read, keys)
    else:  # sold all the same, though the client's own pattern does not know the newer ids
        there = pathlib.Path(env["DOCKET_BUCKETS_DIR"], env["ARD_BUCKET"], prefix).glob("*/*/*/*.json")
        assert len(list(there)) == len(keys), path.name
    return f"{path.stem}: {len(keys)} tiles of {len(wanted)} acquisitions, {got} km², {order.usage.cost.total_imagery_cost}"


os.chdir(tempfile.mkdtemp())
os.symlink(env["DOCKET_BUCKETS_DIR"], "s3:")
for name in sys.argv[1:]:
    print(order_of(pathlib.Path(name)))
