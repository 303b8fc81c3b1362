"""Allocations with waldur-api-client: ordered by a consumer, approved and finished by a provider, used and ended."""

import datetime
import io

import pytest
from conftest import approve, call, every, finish, order, place, refused, reject, report, resource, state
from desk import env, show
from waldur_api_client.models import (
    ComponentUserUsageCreateRequest,
    ComponentUserUsageLimitRequest,
    OrderAttachmentRequestMultipart,
    OrderErrorDetailsRequest,
    OrderUpdateRequest,
    PatchedComponentUserUsageLimitRequest,
    PatchedOrderUpdateRequest,
    PatchedOrderUpdateRequestAttributes,
    PatchedOrderUpdateRequestLimits,
    ResourceApiKeyReportCreatedRequest,
    ResourceApiKeySetKeyRequest,
    ResourceApiKeyState,
    ResourceBackendIDRequest,
    ResourceTerminateRequest,
    ResourceUpdateLimitsRequest,
    ResourceUpdateLimitsRequestLimits,
    SetOfferingsUsernameRequest,
)
from waldur_api_client.models.order_state import OrderState
from waldur_api_client.models.user_me_field_enum import UserMeFieldEnum
from waldur_api_client.types import File


def test_everyone_is_told_who_they_are(alice, carol, pat, staff):
    me = call("users", "me_retrieve", alice)
    assert me.full_name and me.username and me.is_staff is False
    owned = [p for p in me.permissions if p.scope_uuid.hex == env["WALDUR_CUSTOMER_UUID"]]
    assert [p.role_name for p in owned] == ["CUSTOMER.OWNER"] and owned[0].scope_type == "customer"
    hers = [p for p in call("users", "me_retrieve", carol).permissions]
    assert [p.role_name for p in hers] == ["PROJECT.MEMBER"] and hers[0].scope_uuid.hex == env["WALDUR_PROJECT_UUID"]
    assert env["WALDUR_PROVIDER_CUSTOMER_UUID"] in [p.scope_uuid.hex for p in call("users", "me_retrieve", pat).permissions]
    assert call("users", "me_retrieve", staff).is_staff is True
    assert call("users", "me_retrieve", alice, field=[UserMeFieldEnum.UUID]).uuid == me.uuid


def test_customers_and_projects_are_ones_own(alice, carol, pat, bob, staff):
    def names(who):
        return [c.name for c in every("customers", who)]

    assert names(alice) == names(carol) == ["Aurora Institute"]
    assert names(pat) == ["Nordic Compute"] and names(bob) == ["Borealis Labs"]
    assert {"Aurora Institute", "Borealis Labs", "Nordic Compute", "Docket Operations"} <= set(names(staff))
    assert call("customers", "retrieve", alice, env["WALDUR_CUSTOMER_UUID"]).name == "Aurora Institute"
    projects = every("projects", alice)
    assert [(p.uuid.hex, p.name, p.customer_uuid.hex) for p in projects] == [
        (env["WALDUR_PROJECT_UUID"], "aurora", env["WALDUR_CUSTOMER_UUID"])
    ]
    assert call("projects", "retrieve", carol, projects[0].uuid).customer_name == "Aurora Institute"


def test_offerings_show_components_and_prices_to_both_sides(alice, pat):
    public = every("marketplace_public_offerings", alice)
    assert {env["WALDUR_OFFERING_UUID"], env["WALDUR_BASIC_OFFERING_UUID"]} <= {o.uuid.hex for o in public}
    hpc = call("marketplace_public_offerings", "retrieve", alice, env["WALDUR_OFFERING_UUID"])
    assert hpc.type_ == "Marketplace.Slurm" and hpc.state.value == "Active" and hpc.customer_name == "Nordic Compute"
    assert {c.type_: c.billing_type.value for c in hpc.components} == {
        "cpu": "usage",
        "gpu": "limit",
        "storage": "limit",
        "setup": "one",
    }
    plan = next(p for p in hpc.plans if p.uuid.hex == env["WALDUR_PLAN_UUID"])
    prices = {k: float(v) for k, v in plan.prices.additional_properties.items()}
    assert prices == {"cpu": 4.5, "gpu": 0.75, "storage": 20, "setup": 100} and plan.unit.value == "month"
    basic = call("marketplace_public_offerings", "retrieve", alice, env["WALDUR_BASIC_OFFERING_UUID"])
    assert basic.type_ == "Marketplace.Basic"
    assert {c.type_: c.billing_type.value for c in basic.components} == {
        "storage": "limit",
        "support": "fixed",
        "setup": "one",
        "change": "few",
    }

    own = every("marketplace_provider_offerings", pat)
    assert {o.uuid.hex for o in own} == {env["WALDUR_OFFERING_UUID"], env["WALDUR_BASIC_OFFERING_UUID"]}
    mine = call("marketplace_provider_offerings", "retrieve", pat, env["WALDUR_OFFERING_UUID"])
    assert mine.plugin_options.service_provider_can_create_offering_user is True
    assert [p.uuid.hex for p in mine.plans] == [env["WALDUR_PLAN_UUID"]]
    assert every("marketplace_provider_offerings", alice) == []

    detail = call("marketplace_plans", "retrieve", pat, env["WALDUR_PLAN_UUID"])
    assert detail.quotas is not None and float(detail.prices["cpu"]) == 4.5
    assert env["WALDUR_PLAN_UUID"] in {p.uuid.hex for p in every("marketplace_plans", pat)}
    rows = every("marketplace_plan_components", alice, offering_uuid=env["WALDUR_OFFERING_UUID"])
    assert {r.plan_uuid.hex for r in rows} == {env["WALDUR_PLAN_UUID"]} and len(rows) == 4
    providers = every("marketplace_service_providers", alice, customer_uuid=env["WALDUR_PROVIDER_CUSTOMER_UUID"])
    assert [p.uuid.hex for p in providers] == [env["WALDUR_PROVIDER_UUID"]]
    assert call("version", "retrieve", alice).version


def test_an_allocation_goes_from_order_to_usage_and_end(alice, pat):
    placed = place(alice, limits={"gpu": 100, "storage": 5})
    uuid, made = placed.uuid, placed.marketplace_resource_uuid
    assert (placed.state.value, placed.type_.value) == ("pending-provider", "Create")
    assert float(placed.cost) == 275, "100 × 0.75 + 5 × 20 + 100"
    assert placed.limits.additional_properties == {"gpu": 100, "storage": 5}
    assert placed.consumer_reviewed_by_username == placed.created_by_username
    assert resource(alice, made).state.value == "Creating"
    assert float(show(uuid.hex)["held"]) == 275

    waiting = every("marketplace_orders", pat, state=[OrderState.PENDING_PROVIDER], offering_uuid=env["WALDUR_OFFERING_UUID"])
    assert uuid in [o.uuid for o in waiting]
    assert approve(pat, uuid).detail
    assert state(alice, uuid) == state(pat, uuid) == "executing"
    call("marketplace_provider_resources", "set_backend_id", pat, made, body=ResourceBackendIDRequest(backend_id="alloc-17"))
    call("marketplace_orders", "set_state_done", pat, uuid)
    done = order(alice, uuid)
    assert done.state.value == "done" and done.completed_at and done.provider_reviewed_by_username
    live = resource(alice, made)
    assert live.state.value == "OK" and live.backend_id == "alloc-17"
    assert live.limits.additional_properties == {"gpu": 100, "storage": 5}
    assert made in [r.uuid for r in every("marketplace_provider_resources", pat)]
    told = show(uuid.hex)
    assert float(told["charged"]) == 275 and float(told["held"]) == 0

    report(pat, made, cpu="1234.56", gpu="80.00")
    report(pat, made, cpu="1300.00")  # a running total for the month, not an increment
    usages = {u.type_: u for u in every("marketplace_component_usages", alice, resource_uuid=made)}
    assert {k: float(u.usage) for k, u in usages.items()} == {"cpu": 1300, "gpu": 80}
    assert usages["cpu"].resource_uuid == made and usages["cpu"].billing_period.day == 1
    assert float(resource(alice, made).current_usages["cpu"]) == 1300
    assert call("marketplace_resources", "plan_periods_list", pat, made)[0].plan_uuid.hex == env["WALDUR_PLAN_UUID"]
    assert "alloc-17" in [r.backend_id for r in every("marketplace_resources", alice, state=[live.state])]

    ending = call("marketplace_resources", "terminate", alice, made, body=ResourceTerminateRequest()).order_uuid
    last = order(alice, ending)
    assert (last.type_.value, last.state.value) == ("Terminate", "pending-provider")
    finish(pat, ending)
    assert resource(alice, made).state.value == "Terminated"


def test_a_members_order_waits_for_the_owner(alice, carol, pat):
    placed = place(carol)
    assert placed.state.value == "pending-consumer" and not placed.consumer_reviewed_at
    assert placed.uuid in [o.uuid for o in every("marketplace_orders", alice, can_approve_as_consumer=True)]
    assert call("marketplace_orders", "approve_by_consumer", alice, placed.uuid).detail
    assert state(carol, placed.uuid) == "pending-provider"
    assert order(alice, placed.uuid).consumer_reviewed_by_username == call("users", "me_retrieve", alice).username
    finish(pat, placed.uuid)
    assert resource(carol, placed.marketplace_resource_uuid).state.value == "OK"
    team = call("marketplace_resources", "team_list", pat, placed.marketplace_resource_uuid)
    assert call("users", "me_retrieve", carol).username in [m.username for m in team]


def test_either_side_rejects(alice, carol, pat):
    by_provider = place(alice)
    reject(pat, by_provider.uuid, "no room")
    assert state(alice, by_provider.uuid) == "rejected"
    assert order(alice, by_provider.uuid).provider_rejection_comment == "no room"
    by_owner, by_herself = place(carol), place(carol)
    body = OrderErrorDetailsRequest(consumer_rejection_comment="too dear")
    call("marketplace_orders", "reject_by_consumer", alice, by_owner.uuid, body=body)
    call("marketplace_orders", "reject_by_consumer", carol, by_herself.uuid, body=OrderErrorDetailsRequest())
    assert state(carol, by_owner.uuid) == state(carol, by_herself.uuid) == "rejected"
    for gone in (by_provider, by_owner, by_herself):
        assert resource(alice, gone.marketplace_resource_uuid).state.value == "Terminated"
        told = show(gone.uuid.hex)
        assert float(told["held"]) == float(told["charged"]) == 0


def test_a_desk_order_is_cancelled_and_another_one_done(alice, pat):
    placed = place(alice, "BASIC_", {"storage": 5})
    assert float(placed.cost) == 260, "5 × 20 + 50 + 100 + 10"
    call("marketplace_orders", "cancel", alice, placed.uuid)
    assert state(alice, placed.uuid) == "canceled"
    assert float(show(placed.uuid.hex)["held"]) == 0
    assert resource(alice, placed.marketplace_resource_uuid).state.value == "Terminated"

    kept = place(alice, "BASIC_", {"storage": 5})
    finish(pat, kept.uuid)
    assert float(show(kept.uuid.hex)["charged"]) == 260
    assert resource(alice, kept.marketplace_resource_uuid).state.value == "OK"


def test_an_order_that_fails_is_free_and_says_why(alice, pat):
    placed = place(alice)
    approve(pat, placed.uuid)
    body = OrderErrorDetailsRequest(error_message="the cluster is on fire", error_traceback="line 1")
    call("marketplace_orders", "set_state_erred", pat, placed.uuid, body=body)
    failed = order(alice, placed.uuid)
    assert failed.state.value == "erred" and failed.error_message == "the cluster is on fire"
    told = show(placed.uuid.hex)
    assert float(told["held"]) == float(told["charged"]) == 0


def test_limits_are_changed_by_an_order(alice, pat):
    placed = place(alice, limits={"storage": 5})
    finish(pat, placed.uuid)
    made = placed.marketplace_resource_uuid
    wanted = ResourceUpdateLimitsRequestLimits()
    wanted["storage"] = 8
    change = call("marketplace_resources", "update_limits", alice, made, body=ResourceUpdateLimitsRequest(limits=wanted)).order_uuid
    asked = order(alice, change)
    assert (asked.type_.value, float(asked.cost)) == ("Update", 60)
    assert resource(alice, made).limits["storage"] == 5, "only when it is done"
    finish(pat, change)
    assert resource(alice, made).limits["storage"] == 8


def test_an_order_that_waits_is_changed_in_place(alice, carol):
    placed = place(carol, limits={"storage": 5})
    wanted, named = PatchedOrderUpdateRequestLimits(), PatchedOrderUpdateRequestAttributes()
    wanted["storage"], named["name"] = 8, "larger"
    day = datetime.date(2099, 1, 1)
    body = PatchedOrderUpdateRequest(limits=wanted, attributes=named, start_date=day)
    changed = call("marketplace_orders", "partial_update", carol, placed.uuid, body=body)
    assert (changed.limits["storage"], changed.attributes["name"], changed.start_date) == (8, "larger", day)
    asked = order(alice, placed.uuid)
    assert (asked.state.value, float(asked.cost), asked.start_date) == ("pending-consumer", 260, day)
    made = resource(carol, placed.marketplace_resource_uuid)
    assert (made.name, made.limits["storage"]) == ("larger", 8)
    call("marketplace_orders", "approve_by_consumer", alice, placed.uuid)
    assert refused("marketplace_orders", "partial_update", carol, placed.uuid, body=body)[0] == 403
    changed = call("marketplace_orders", "update", alice, placed.uuid, body=OrderUpdateRequest(start_date=None))
    assert changed.start_date is None and changed.limits["storage"] == 8
    call("marketplace_orders", "destroy", alice, placed.uuid)


def test_a_purchase_order_goes_with_the_order(alice, carol, pat, bob):
    placed = place(carol)
    assert order(carol, placed.uuid).attachment is None
    paper = File(payload=io.BytesIO(b"%PDF-1.7 one allocation"), file_name="po.pdf", mime_type="application/pdf")
    body = OrderAttachmentRequestMultipart(attachment=paper)
    kept = call("marketplace_orders", "update_attachment", carol, placed.uuid, body=body).attachment
    assert order(pat, placed.uuid).attachment == kept
    for who in (carol, alice, pat):
        got = who.get_httpx_client().get(kept)
        assert (got.status_code, got.content, got.headers["Content-Type"]) == (200, b"%PDF-1.7 one allocation", "application/pdf")
    assert bob.get_httpx_client().get(kept).status_code == 404
    call("marketplace_orders", "delete_attachment", carol, placed.uuid)
    assert order(carol, placed.uuid).attachment is None
    assert refused("marketplace_orders", "delete_attachment", carol, placed.uuid)[0] == 404
    call("marketplace_orders", "destroy", alice, placed.uuid)


def test_a_resources_key_is_revealed_and_made_anew(alice, carol, pat):
    placed = place(alice, limits={"storage": 5})
    finish(pat, placed.uuid)
    keys, made = "marketplace_resource_api_keys", placed.marketplace_resource_uuid
    key = call(keys, "report_created", pat, body=ResourceApiKeyReportCreatedRequest(resource=made, client_id="c1", api_key="hush")).uuid
    assert call(keys, "reveal_retrieve", carol, key).api_key == "hush"
    assert refused(keys, "reveal_retrieve", pat, key)[0] == 403
    assert call(keys, "rotate", alice, key).status
    assert [k.uuid for k in every(keys, pat, state=[ResourceApiKeyState.UPDATING])] == [key], "what its agent looks for"
    call(keys, "set_key", pat, key, body=ResourceApiKeySetKeyRequest(api_key="new"))
    assert call(keys, "retrieve", alice, key).state == ResourceApiKeyState.OK
    assert call(keys, "reveal_retrieve", alice, key).api_key == "new"
    assert call(keys, "destroy", pat, key) is None
    assert call(keys, "count", alice, resource_uuid=made) == 0


def test_lists_page_count_and_filter(alice, pat):
    placed = [place(alice) for _ in range(3)]
    for p in placed:
        reject(pat, p.uuid)
    count = call("marketplace_orders", "count", alice)
    everything = every("marketplace_orders", alice)
    assert count == len(everything) >= 3
    pages = [call("marketplace_orders", "list", alice, page=n + 1, page_size=2) for n in range(-(-count // 2))]
    assert [o.uuid for p in pages for o in p] == [o.uuid for o in everything]
    rejected = every("marketplace_orders", alice, state=[OrderState.REJECTED])
    assert {p.uuid for p in placed} <= {o.uuid for o in rejected} and {o.state for o in rejected} == {OrderState.REJECTED}
    made = placed[0].marketplace_resource_uuid
    assert [o.uuid for o in every("marketplace_orders", alice, resource_uuid=made)] == [placed[0].uuid]
    assert [r.uuid for r in every("marketplace_resources", alice, name_exact=placed[0].resource_name)] == [made]


def test_a_users_part_stays_within_their_limit(alice, carol, pat):
    placed = place(alice, limits={"storage": 5})
    finish(pat, placed.uuid)
    limits, usages, made = "component_user_usage_limits", "marketplace_component_usages", placed.marketplace_resource_uuid
    provider = every("marketplace_service_providers", pat, customer_uuid=env["WALDUR_PROVIDER_CUSTOMER_UUID"])[0].uuid
    named = SetOfferingsUsernameRequest(user_uuid=call("users", "me_retrieve", carol).uuid, username="carol_hpc")
    call("marketplace_service_providers", "set_offerings_username", pat, provider, body=named)
    hpc = call("marketplace_public_offerings", "retrieve", alice, env["WALDUR_OFFERING_UUID"])
    cpu = next(c.uuid for c in hpc.components if c.type_ == "cpu")
    link = f"{env['WALDUR_API_URL']}marketplace-resources/{made.hex}/"
    asked = ComponentUserUsageLimitRequest(resource=link, component=cpu, user="carol_hpc", limit="5")
    limit = call(limits, "create", alice, body=asked).uuid
    assert [(k.user, k.component_type, k.limit) for k in every(limits, pat, resource_uuid=made)] == [("carol_hpc", "cpu", "5.00")]
    report(pat, made, cpu="9")
    usage = every(usages, pat, resource_uuid=made)[0].uuid
    part = ComponentUserUsageCreateRequest(username="carol_hpc", usage="5.5")
    status, text = refused(usages, "set_user_usage", pat, usage, body=part)
    assert status == 400 and "Usage limit exceeded" in text
    assert call(limits, "partial_update", alice, limit, body=PatchedComponentUserUsageLimitRequest(limit="6")).limit == "6.00"
    call(usages, "set_user_usage", pat, usage, body=part)
    call(limits, "destroy", alice, limit)
    assert call(limits, "count", alice, resource_uuid=made) == 0
