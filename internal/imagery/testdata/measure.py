"""Makes measure.json beside it: areas of data in cell and area of interest, by shapely and PROJ.

    pip install pyproj==3.7.2 maxar-ard-grid==1.2.2 shapely==2.2.0 && python measure.py
"""

import json
import os
import random

from maxar_ard_grid import Cell
from pyproj import Transformer
from shapely import affinity
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.ops import transform, unary_union

here = os.path.dirname(os.path.abspath(__file__))
rnd = random.Random(7)


def star(x, y, r, n):
    """A polygon with many dents."""
    p = Point(0, 0).buffer(1, quad_segs=n).exterior.coords[:-1]
    spokes = [(px, py, r * rnd.uniform(0.5, 1.2)) for px, py in p]
    return Polygon([(x + px * far, y + py * far) for px, py, far in spokes])


cases = []
for cell_id in ("Z10-120020223032", "Z13-031133320210", "Z56-213113133330", "Z32-102220103200", "Z32-011333313331", "Z01-211313222010", "Z60-300202333011"):
    cell = Cell(cell_id)
    bare = box(*cell.bounds)
    back = Transformer.from_crs(int(cell.proj[5:]), 4326, always_xy=True).transform
    there = Transformer.from_crs(4326, int(cell.proj[5:]), always_xy=True).transform
    x, y = bare.centroid.x, bare.centroid.y
    for k in range(6):
        strip = affinity.rotate(box(x - 2000, y - 9000, x + 1500, y + 9000), 12 + k)
        data = [strip, star(x, y, 3000, 6), bare.buffer(156.25, join_style="mitre"), strip.difference(box(x - 500, y - 500, x + 500, y + 700))][k % 4]
        data = data.intersection(bare.buffer(156.25, join_style="mitre"))
        aoi = [
            box(x - 1000, y - 20000, x + 30000, y + 100),
            star(x + 1000, y + 500, 4000, 40),
            star(x, y, 30000, 3),
            box(x - 6000, y - 6000, x + 6000, y + 6000).difference(star(x + 300, y, 1500, 10)),
            unary_union([star(x - 2500, y, 1200, 5), star(x + 2500, y, 1200, 5)]),
            box(x + 2499, y + 2400, x + 12000, y + 15000),
        ][k]
        aoi = transform(lambda a, b: [[round(v, 9) for v in c] for c in back(a, b)], aoi)
        if aoi.bounds[2] - aoi.bounds[0] > 180:
            continue  # across the antimeridian: no area of interest
        if not (data.is_valid and aoi.is_valid and data.geom_type in ("Polygon", "MultiPolygon")):
            continue
        area = transform(there, aoi).intersection(bare).intersection(data).area
        cases.append({"cell": cell_id, "data": data.wkt, "aoi": aoi.wkt, "area": area, "incell": data.intersection(bare).area})
with open(os.path.join(here, "measure.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
