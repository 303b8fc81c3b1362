"""Makes utm.json and cover.json beside it: points projected by PROJ, and cells by the vendor's grid package.

    pip install pyproj==3.7.2 maxar-ard-grid==1.2.2 shapely==2.2.0 && python utm.py
"""

import json
import os
import random
import warnings

warnings.simplefilter("ignore")
from maxar_ard_grid import Cell, covers
from maxar_ard_grid.grid import Grid
from pyproj import Transformer
from shapely.geometry import box, mapping

here = os.path.dirname(os.path.abspath(__file__))
rnd = random.Random(1)

points = []
for zone in range(1, 61):
    for south in (False, True):
        epsg = (32700 if south else 32600) + zone
        tfm = Transformer.from_crs(4326, epsg, always_xy=True)
        middle = zone * 6 - 183
        for k in range(5):
            off = rnd.uniform(-3, 3) if k < 3 else rnd.uniform(-7, 7)
            lon = (middle + off + 180) % 360 - 180
            lat = rnd.uniform(0, 84) * (-1 if south else 1)
            if k == 4:
                lat = -lat  # the other side of the equator
            lon, lat = round(lon, 9), round(lat, 9)
            x, y = tfm.transform(lon, lat)
            points.append({"epsg": epsg, "lon": lon, "lat": lat, "x": x, "y": y})
with open(os.path.join(here, "utm.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(p) for p in points) + "\n]\n")

members, cases = [], []
for zone in (1, 2, 17, 33, 59, 60):
    for lat in (-71, -40, -3, 0.01, 28, 51, 66, 79):
        for lon in (zone * 6 - 186, zone * 6 - 180):  # both borders of the zone
            x, y = Transformer.from_crs(4326, 32600 + zone, always_xy=True).transform(lon, lat)
            for step in (-1, 0, 1):
                col = int((x - 500000 + 10240000) // 5000) + step
                row = int((10240000 - y) // 5000)
                c = Cell(col, row, 12, zone=zone)
                members.append({"cell": c.id, "bounds": list(c.bounds), "member": c in Grid(zone), "geometry": mapping(c.geom_WGS84)["coordinates"][0][:4]})
for name, w, s, e, n in [
    ("inside a zone", -106.8, 35.1, -106.4, 35.4),
    ("across a border of zones", 11.9, 44.1, 12.15, 44.3),
    ("across a border in the south", 29.85, -22.2, 30.2, -21.9),
    ("across the equator", 36.7, -0.06, 36.9, 0.07),
    ("far north", 17.9, 69.5, 18.3, 69.62),
    ("up to the antimeridian", 179.8, -17.1, 179.99, -16.9),
    ("beyond the antimeridian", 179.9, -17.03, 180.12, -16.93),
    ("three zones", 5.7, 50.01, 12.3, 50.06),
]:
    g = box(w, s, e, n)
    cases.append({"name": name, "wkt": g.wkt, "cells": sorted({c.id for c in covers(g)})})
lake = box(10.2, 47.1, 10.8, 47.5).difference(box(10.3, 47.2, 10.7, 47.4))
cases.append({"name": "with a hole", "wkt": lake.wkt, "cells": sorted({c.id for c in covers(lake)})})
with open(os.path.join(here, "cover.json"), "w") as f:
    f.write('{"members": [\n' + ",\n".join(json.dumps(m) for m in members) + '\n], "covers": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
