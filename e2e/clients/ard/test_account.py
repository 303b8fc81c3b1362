"""Logging in with max-ard, its command line, account and usage, and the list of orders."""

import datetime
import os
import subprocess
import sys

import pytest
from conftest import finish, login, orders
from desk import env, until
from max_ard import session as ard_session
from max_ard.admin import AccountManager
from max_ard.order import Order
from max_ard.session import ard_url
from shapely.geometry import box


@pytest.fixture(scope="module")
def placed(archive):
    """Five small orders of this module, oldest first, told apart by their metadata."""
    tile = archive.of("training")[0]
    x, y = tile.data_mask.representative_point().coords[0]
    patch = box(x - 0.008, y - 0.008, x + 0.008, y + 0.008)  # a little over the smallest area allowed
    ids = []
    for n in range(5):
        order = Order(
            acquisitions={tile.acq_id: [tile.cell_id]},
            destination=f"s3://{env['ARD_BUCKET']}/listed",
            intersects=patch,
            metadata={"downstream_customer_id": f"list-{n % 2}-x", "n": n},
        )
        order.submit()
        ids.append(order.order_id)
    for order_id in ids:
        finish(Order.from_id(order_id))
    return ids


def page(session, **params):
    """One page as the paging of the client reads it, at a size that makes several of so few orders."""
    got = session.get(ard_url("order"), params=params).json()
    return [o["id"] for o in got["data"]], got["has_more"]


def test_orders_are_listed_newest_first_and_page_both_ways(alice, placed):
    newest = placed[::-1]
    assert orders()[:5] == newest
    assert [o.order_id for o in Order.list_orders(limit=2)] == newest[:2]
    assert [o.order_id for o in Order.list_orders(starting_after=newest[1], limit=3)] == newest[2:]
    assert [o.order_id for o in Order.list_orders(ending_before=newest[2])] == newest[:2]
    assert Order.list_orders()[0].succeeded

    assert page(alice, limit=2) == (newest[:2], True)
    assert page(alice, limit=2, starting_after=newest[1]) == (newest[2:4], True)
    everything = orders()
    assert page(alice, limit=len(everything)) == (everything, False)
    assert page(alice, limit=2, starting_after=everything[-1]) == ([], False)
    assert page(alice, limit=2, starting_after="", ending_before="", start_date="", end_date="") == (newest[:2], True)


def test_the_client_pages_past_its_hundred(alice, placed, archive):
    tile = archive.of("training")[0]
    x, y = tile.data_mask.representative_point().coords[0]
    patch = box(x - 0.006, y - 0.006, x + 0.006, y + 0.006)
    made = []
    for n in range(101):
        order = Order(
            acquisitions={tile.acq_id: [tile.cell_id]},
            destination=f"s3://{env['ARD_BUCKET']}/many",
            intersects=patch,
            settings={"bundle_adjust": False, "ms_analytic": False, "pan_analytic": False},
            metadata={"many": n},
        )
        order.submit()
        made.append(order.order_id)
    assert orders()[:101] == made[::-1]
    assert len(orders()) > 101
    assert len([o for o in Order.list_orders(filter="metadata.many:")]) == 101
    # Left running they would be charged in the middle of some later test.
    until(lambda: {o.response.status for o in Order.list_orders()} == {"SUCCEEDED"}, "the end of a hundred orders", every=1)


def test_orders_are_filtered_by_metadata_and_date(placed):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    days = {d: (today + datetime.timedelta(days=d)).isoformat() for d in (-1, 0, 1)}

    def listed(**kwargs):
        return [o.order_id for o in Order.list_orders(**kwargs)]

    newest = placed[::-1]
    assert listed(filter="metadata.downstream_customer_id:list-1-x") == [i for i in newest if placed.index(i) % 2 == 1]
    assert listed(filter="metadata.downstream_customer_id:list-") == newest, "part of the value is enough"
    assert listed(filter="metadata.downstream_customer_id:nobody") == []
    assert set(placed) <= set(listed(start_date=days[-1], end_date=days[1]))
    assert set(placed) <= set(listed(start_date=days[-1], end_date=days[0])), "the last day counts whole"
    assert listed(end_date=days[-1]) == []
    assert listed(start_date=days[1]) == []


def test_usage_is_told_by_account_user_and_date(account, alice, carol, placed):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    yesterday, tomorrow = ((today + datetime.timedelta(days=d)).isoformat() for d in (-1, 1))
    spent = sum(Order.from_id(i).usage.cost.total_imagery_cost for i in placed)

    whole = account.get_account_usage()
    assert whole.cost.total_imagery_cost >= spent > 0
    assert whole.area.estimate is False
    assert whole.limits.annual_subscription_fee_limit == 15000
    assert whole.limits.fresh_imagery_fee_limit == 20000
    assert whole.limits.standard_imagery_fee_limit == whole.limits.training_imagery_fee_limit == -1
    assert whole.limits.tasking_imagery_fee_limit == 5000
    assert whole.available.standard_imagery_balance == whole.available.training_imagery_balance == -1
    assert whole.available.total_imagery_balance == pytest.approx(15000 - whole.cost.total_imagery_cost, abs=0.01)
    assert account.get_account_usage(start_date=yesterday, end_date=tomorrow).cost == whole.cost
    assert account.get_account_usage(end_date=yesterday).cost.total_imagery_cost == 0
    assert account.get_account_usage(start_date=tomorrow).area.total_imagery_sqkm == 0

    mine = account.get_user_usage()
    hers = AccountManager(session=carol).get_user_usage()
    assert hers.limits.annual_subscription_fee_limit == 100
    assert mine.cost.total_imagery_cost + hers.cost.total_imagery_cost == pytest.approx(whole.cost.total_imagery_cost, abs=1e-6)


def test_a_plain_users_orders_are_her_own_and_the_accounts(account, carol, alice, archive, destination, placed):
    tile = min(archive.of("training"), key=lambda t: len(t.acq_id))
    x, y = tile.data_mask.representative_point().coords[0]
    before = account.get_account_usage().cost.total_imagery_cost
    order = Order(
        acquisitions={tile.acq_id: [tile.cell_id]},
        destination=destination,
        intersects=box(x - 0.01, y - 0.01, x + 0.01, y + 0.01),
        session=carol,
    )
    order.submit()
    finish(order)  # polls as alice, who administers the account
    assert order.order_id in orders(carol)
    assert not set(placed) & set(orders(carol))
    spent = order.usage.cost.total_imagery_cost
    assert 0 < spent <= 100
    hers = AccountManager(session=carol).get_user_usage()
    assert hers.cost.total_imagery_cost == pytest.approx(spent, abs=1e-6)
    assert hers.available.total_imagery_balance == pytest.approx(100 - spent, abs=1e-6)
    assert account.get_account_usage().cost.total_imagery_cost - before == pytest.approx(spent, abs=1e-6)


def test_the_account_tells_its_prices_and_limits(account):
    got = account.properties
    assert account.account_id == got["account_id"] == env["ARD_ACCOUNT_ID"]
    assert got["name"] == "Aurora Institute" and got["active"] is True
    assert got["pricing"] == {
        "fresh_imagery_price": 25,
        "standard_imagery_price": 20,
        "training_imagery_price": 5,
    } | {k: v for k, v in got["pricing"].items() if k.startswith("tasking")}
    assert got["limits"]["annual_subscription_fee_limit"] == 15000
    assert got["limits"]["standard_imagery_fee_limit"] == -1


def test_self_tells_user_role_and_limits(alice, carol):
    me, her = ard_session.get_self(alice)["user"], ard_session.get_self(carol)["user"]
    assert me["account_id"] == her["account_id"] == env["ARD_ACCOUNT_ID"]
    assert (me["admin"], her["admin"]) == (True, False)
    assert me["limits"]["annual_subscription_fee_limit"] == -1
    assert her["limits"]["annual_subscription_fee_limit"] == 100
    assert her["limits"]["fresh_imagery_fee_limit"] == -1


def test_a_session_refreshes_its_token():
    session = login(env["ARD_USERNAME"], env["ARD_PASSWORD"])
    assert session.token["token_type"] == "Bearer" and session.token["expires_in"] == 43200
    session.token = {**session.token, "expires_at": 1, "expires_in": -1}
    assert ard_session.get_self(session)["user"]["account_id"] == env["ARD_ACCOUNT_ID"], "a GET refreshes by itself"
    assert session.token["expires_at"] > 1
    session.token = {**session.token, "expires_at": 1, "expires_in": -1}
    assert Order.list_orders(limit=1, session=session), "with query parameters too"


def test_an_access_token_from_the_environment_is_enough(alice, monkeypatch):
    monkeypatch.setenv("ARD_ACCESS_TOKEN", alice.token["access_token"])
    session = ard_session._get_user_session()
    assert ard_session.get_self(session)["user"]["account_id"] == env["ARD_ACCOUNT_ID"]


def cli(*args, **extra):
    """max-ard as it is typed."""
    script = os.path.join(os.path.dirname(sys.executable), "max-ard")
    done = subprocess.run([script, *args], capture_output=True, text=True, env={**os.environ, **extra})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_command_line_logs_in_orders_and_describes(archive, folder, s3, tmp_path):
    home = {"HOME": str(tmp_path)}
    assert "account" in cli("account", **home).lower()
    without = {**os.environ, **home}
    for name in ("ARD_USERNAME", "ARD_PASSWORD"):
        without.pop(name)
    script = os.path.join(os.path.dirname(sys.executable), "max-ard")
    subprocess.run(
        [script, "login", "--username", env["ARD_USERNAME"], "--password", env["ARD_PASSWORD"]], env=without, check=True
    )
    token = subprocess.run([script, "token"], env=without, check=True, capture_output=True, text=True).stdout.strip()
    assert token.count(".") == 2

    tile = archive.of("training")[0]
    x, y = tile.data_mask.representative_point().coords[0]
    bbox = [str(v) for v in (x - 0.01, y - 0.01, x + 0.01, y + 0.01)]
    where = ["--destination", f"s3://{env['ARD_BUCKET']}/{folder}", "--acq-id", tile.acq_id, "--bbox", *bbox, "-y"]
    assert "Dry run successful" in cli("order", "submit", *where, "--dry-run")
    said = cli("order", "submit", *where)
    order_id = next(word for word in said.split() if word.isdigit() and len(word) > 12)
    finish(Order.from_id(order_id))
    assert cli("order", "status", order_id).strip() == "SUCCEEDED"
    described = cli("order", "describe", order_id)
    assert tile.acq_id in described or "1 acquisition" in described

    found = cli("select", "submit", "--acq-id", tile.acq_id, "--bbox", *bbox)
    assert "Select " in found
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    assert "Account limit: $15000.00" in cli("usage", "--account", env["ARD_ACCOUNT_ID"], "--start-date", today)
