"""The three users of the imagery door, and what the demo's archive holds, found as a user finds it."""

import datetime
import os
import pathlib

import pytest
from desk import env, until
from max_ard import session as ard_session
from max_ard.admin import AccountManager
from max_ard.metadata import search_by_area
from max_ard.order import Order
from max_ard.select import SelectResult
from maxar_ard_grid import Cell
from pyproj import Transformer
from shapely import transform
from shapely.geometry import shape

# Where the demo's archive has imagery, a box around each of its three places.
PLACES = {
    "desert": [-106.92, 34.93, -106.28, 35.57],
    "south": [152.63, -27.77, 153.27, -27.13],
    "border": [11.68, 51.16, 12.32, 51.80],
}
PRICES = {"fresh": 25, "standard": 20, "training": 5}


def login(username, password):
    """A session like get_user_session's, for a user who is not the one in the environment."""
    got = ard_session.session_from_kwargs(
        username=username, password=password, client_id="dummyclientid", client_secret="dummyclientsecret"
    )
    return ard_session.add_session_hooks(ard_session.mount_adaptors(got))


@pytest.fixture(scope="session")
def alice():
    """The account's admin, by the environment, as every function without a session takes her."""
    return ard_session.get_user_session()


@pytest.fixture(scope="session")
def carol():
    """A plain user of alice's account who may spend 100 a year."""
    return login(env["ARD_CAROL_USERNAME"], env["ARD_CAROL_PASSWORD"])


@pytest.fixture(scope="session")
def bob():
    """The admin of another account."""
    return login(env["ARD_BOB_USERNAME"], env["ARD_BOB_PASSWORD"])


def category(day, today):
    """The age of an image taken on one day, as of another: 90 days, then three calendar years."""
    if (today - day).days <= 90:
        return "fresh"
    return "standard" if today <= day.replace(year=day.year + 3) else "training"


class Archive:
    """All the tiles the account can see in the demo's places."""

    def __init__(self, features):
        self.found = SelectResult.from_geojson({"features": features})
        self.today = datetime.datetime.now(datetime.timezone.utc).date()

    @property
    def tiles(self):
        return self.found.tiles

    def category(self, acq_id):
        """Of an acquisition, read off its earliest tile, as the vendor's ages are."""
        days = [datetime.date.fromisoformat(t.date) for t in self.found.get_acquisition(acq_id)]
        return category(min(days), self.today)

    def of(self, age):
        """The tiles of one age category with a square kilometre and more in their cell, largest first. Days at the
        edge of a category are left out: they may pass into the next one while a test runs."""
        close = datetime.timedelta(days=2)
        sure = [
            t
            for t in self.tiles
            if {category(datetime.date.fromisoformat(t.date), self.today + d) for d in (-close, close)} == {age}
            and self.category(t.acq_id) == age
            and area(t) >= 1
        ]
        assert sure, f"the demo's archive has nothing {age}"
        return sorted(sure, key=area, reverse=True)


@pytest.fixture(scope="session")
def archive(alice):
    features = []
    for name, bbox in PLACES.items():
        here = search_by_area(bbox=bbox)["features"]
        assert here, f"the demo's archive has nothing at {name}"
        features += here
    return Archive(features)


def area(tile, aoi=None):
    """km² of a tile's data in its bare cell, and in an area of interest, in the plane of the cell's UTM zone."""
    cell = Cell(tile.cell_id)
    to_plane = Transformer.from_crs(4326, cell.proj, always_xy=True)

    def planar(geometry):
        return transform(geometry, to_plane.transform, interleaved=False)

    within = planar(tile.data_mask).intersection(shape(cell))
    if aoi is not None:
        within = within.intersection(planar(aoi.segmentize(0.001)))
    return within.area / 1e6


@pytest.fixture(scope="session")
def account(alice):
    return AccountManager()


@pytest.fixture
def folder(request):
    """A prefix of this test's own in the demo's bucket: what differs in it is another order."""
    return request.node.name.replace("[", "-").replace("]", "").replace(" ", "-")


@pytest.fixture
def destination(folder):
    return f"s3://{env['ARD_BUCKET']}/{folder}"


@pytest.fixture
def delivered(folder):
    """Where that prefix lies on this machine."""
    return pathlib.Path(env["DOCKET_BUCKETS_DIR"], env["ARD_BUCKET"], folder)


@pytest.fixture
def s3(tmp_path, monkeypatch):
    """Makes s3://BUCKET/… a path that exists, so that the client reads the bucket's folder and needs no S3."""
    os.symlink(env["DOCKET_BUCKETS_DIR"], tmp_path / "s3:")
    monkeypatch.chdir(tmp_path)


def finish(order):
    """Waits for an order's end, as a script of the client does."""
    until(lambda: order.finished, f"the end of order {order.order_id}")
    assert order.succeeded, order.response
    return order


def orders(session=None):
    return [o.order_id for o in Order.list_orders(session=session)]
