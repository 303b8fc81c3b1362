"""An offering set up from nothing with waldur-api-client: organization, people, category, provider, components, plans,
prices, activation; then it is ordered, delivered, priced anew, paused and archived."""

import datetime
import uuid

import pytest
from conftest import call, every, finish, order, refused, resource
from desk import env
from waldur_api_client.models import (
    BaseProviderPlanRequest,
    CustomerRequest,
    GenericOrderAttributes,
    MarketplaceCategoryRequest,
    OfferingComponentRequest,
    OfferingCreateRequest,
    OfferingPauseRequest,
    OrderCreateRequest,
    OrderCreateRequestLimits,
    PricesUpdateRequest,
    PricesUpdateRequestPrices,
    ProjectRequest,
    ProviderPlanDetailsRequest,
    QuotasUpdateRequest,
    QuotasUpdateRequestQuotas,
    RemoveOfferingComponentRequest,
    ServiceProviderRequest,
    SshKeyRequest,
    UpdateOfferingComponentRequest,
    UserRoleCreateRequest,
    UserRoleDeleteRequest,
)
from waldur_api_client.models.billing_type_enum import BillingTypeEnum
from waldur_api_client.models.billing_unit import BillingUnit
from waldur_api_client.models.country_enum import CountryEnum
from waldur_api_client.models.limit_period_enum import LimitPeriodEnum

OFFERINGS = "marketplace_provider_offerings"
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ6c0hY3mB3s8n2mVn1bqv3r4yqQf4m6m0m0m0m0m0m carol@example.com"


@pytest.fixture(scope="module")
def works(staff, bob):
    """A new organization that bob owns, registered to deliver."""
    made = call("customers", "create", staff, body=CustomerRequest(name="Quantum Works", country=CountryEnum.FI, abbreviation="QW"))
    assert made.slug == "quantum-works" and made.country.value == "FI" and made.is_service_provider is False
    role = UserRoleCreateRequest(role="CUSTOMER.OWNER", user=call("users", "me_retrieve", bob).uuid, expiration_time=None)
    assert call("customers", "add_user", staff, made.uuid, body=role).expiration_time is None
    assert call("customers", "add_user", staff, made.uuid, body=role) is None  # the client reads a 400 here, as nothing
    provider = call("marketplace_service_providers", "create", staff, body=ServiceProviderRequest(customer=made.url, description="Qubits"))
    assert provider.customer_uuid == made.uuid and provider.description == "Qubits"
    assert call("customers", "retrieve", bob, made.uuid).service_provider_uuid == provider.uuid
    return made, provider


def component(**kwargs):
    return OfferingComponentRequest(**kwargs)


@pytest.fixture(scope="module")
def qubits(works, staff, bob):
    """Its offering, priced and active."""
    category = call("marketplace_categories", "create", staff, body=MarketplaceCategoryRequest(title="Quantum", description="Qubits"))
    assert category.offering_count == 0
    body = OfferingCreateRequest(
        name="Qubits",
        category=category.url,
        type_="Marketplace.Slurm",
        customer=works[0].url,
        shared=True,
        components=[
            component(billing_type=BillingTypeEnum.USAGE, type_="shots", name="Shots", measured_unit="k"),
            component(billing_type=BillingTypeEnum.LIMIT, type_="qubits", name="Qubits", measured_unit="qubit", max_value=100),
        ],
        plans=[BaseProviderPlanRequest(name="Standard", unit=BillingUnit.MONTH)],
    )
    made = call(OFFERINGS, "create", bob, body=body)
    assert (made.state.value, made.category_title, [c.type_ for c in made.components]) == ("Draft", "Quantum", ["shots", "qubits"])
    extra = component(billing_type=BillingTypeEnum.FIXED, type_="support", name="Support", measured_unit="month")
    call(OFFERINGS, "create_offering_component", bob, made.uuid, body=extra)
    wrong = component(billing_type=BillingTypeEnum.ONE, type_="mistake", name="Mistake")
    call(OFFERINGS, "create_offering_component", bob, made.uuid, body=wrong)
    now = {c.type_: c for c in call(OFFERINGS, "retrieve", bob, made.uuid).components}
    call(OFFERINGS, "remove_offering_component", bob, made.uuid, body=RemoveOfferingComponentRequest(uuid=now["mistake"].uuid))
    change = UpdateOfferingComponentRequest(
        uuid=now["qubits"].uuid, billing_type=BillingTypeEnum.LIMIT, type_="qubits", name="Logical qubits", limit_period=LimitPeriodEnum.MONTH
    )
    call(OFFERINGS, "update_offering_component", bob, made.uuid, body=change)
    now = {c.type_: c for c in call(OFFERINGS, "retrieve", bob, made.uuid).components}
    assert set(now) == {"shots", "qubits", "support"} and (now["qubits"].name, now["qubits"].max_value) == ("Logical qubits", 100)
    plan = made.plans[0].uuid
    prices(bob, plan, shots="0.5", qubits="12.25", support="100")
    quotas = QuotasUpdateRequestQuotas()
    quotas["support"] = 2
    call("marketplace_plans", "update_quotas", bob, plan, body=QuotasUpdateRequest(quotas=quotas))
    assert refused(OFFERINGS, "activate", bob, made.uuid)[0] == 403
    assert call(OFFERINGS, "activate", staff, made.uuid).state == "Active"
    return made.uuid, plan


def prices(who, plan, **rates):
    wanted = PricesUpdateRequestPrices()
    for code, rate in rates.items():
        wanted[code] = rate
    call("marketplace_plans", "update_prices", who, plan, body=PricesUpdateRequest(prices=wanted))


def test_a_plan_shows_what_was_set(bob, alice, qubits):
    offering, uuid_ = qubits
    plan = call("marketplace_plans", "retrieve", bob, uuid_)
    assert {k: float(v) for k, v in plan.prices.additional_properties.items()} == {"shots": 0.5, "qubits": 12.25, "support": 100}
    assert plan.quotas.additional_properties == {"shots": 0, "qubits": 0, "support": 2} and plan.is_active
    rows = every("marketplace_plan_components", alice, offering_uuid=offering)
    assert {(r.component_name, float(r.price), r.amount) for r in rows} == {
        ("Shots", 0.5, 0),
        ("Logical qubits", 12.25, 0),
        ("Support", 100, 2),
    }


def test_it_is_ordered_to_done_and_priced_anew_from_the_next_month(alice, bob, qubits):
    offering, plan = qubits
    root = env["WALDUR_API_URL"]
    limits = OrderCreateRequestLimits()
    limits["qubits"] = 4
    body = OrderCreateRequest(
        offering=f"{root}marketplace-public-offerings/{offering}/",
        project=f"{root}projects/{env['WALDUR_PROJECT_UUID']}/",
        plan=f"{root}marketplace-public-offerings/{offering}/plans/{plan}/",
        attributes=GenericOrderAttributes(name="entangled"),
        limits=limits,
    )
    placed = call("marketplace_orders", "create", alice, body=body)
    assert float(placed.cost) == 4 * 12.25 + 2 * 100
    finish(bob, placed.uuid)
    assert order(alice, placed.uuid).state.value == "done"
    assert resource(alice, placed.marketplace_resource_uuid).state.value == "OK"
    prices(bob, plan, qubits="13")
    now = call("marketplace_plans", "retrieve", bob, plan)
    assert float(now.prices["qubits"]) == 12.25 and float(now.future_prices["qubits"]) == 13 and now.resources_count == 1
    status, said = refused(OFFERINGS, "remove_offering_component", bob, offering, body=RemoveOfferingComponentRequest(uuid=first(bob, offering)))
    assert status == 400 and "already used" in said


def first(who, offering):
    return call(OFFERINGS, "retrieve", who, offering).components[0].uuid


def test_a_second_plan_is_made_and_archived(bob, qubits):
    offering, _ = qubits
    body = ProviderPlanDetailsRequest(
        name="By the day", offering=f"{env['WALDUR_API_URL']}marketplace-provider-offerings/{offering}/", unit=BillingUnit.DAY, max_amount=2
    )
    made = call("marketplace_plans", "create", bob, body=body)
    assert made.unit.value == "day" and made.max_amount == 2 and made.resources_count == 0
    call("marketplace_plans", "archive", bob, made.uuid)
    assert refused("marketplace_plans", "archive", bob, made.uuid) == (400, '["Plan is already archived."]')


def test_keys_are_kept_and_read_by_the_provider(bob, carol, works, qubits):
    made = call("keys", "create", carol, body=SshKeyRequest(name="laptop", public_key=ED25519))
    assert made.fingerprint_sha256 == "SHA256:VvJJfvI4P1nqfz1O1YTiYqlsM4NwWHGLBJ+HoLS+Yso" and made.type_ == "ssh-ed25519"
    assert call("keys", "retrieve", carol, made.uuid).user_uuid == call("users", "me_retrieve", carol).uuid
    listed = call("marketplace_service_providers", "keys_list", bob, works[1].uuid)
    assert [k.name for k in listed] == ["laptop"]
    assert refused("keys", "create", carol, body=SshKeyRequest(public_key="no key"))[0] == 400
    call("keys", "destroy", carol, made.uuid)
    assert every("keys", carol) == []


def test_members_come_and_go(alice, bob, works):
    project = call("projects", "create", bob, body=ProjectRequest(name="Entanglement", customer=works[0].url, end_date=datetime.date(2099, 1, 1)))
    assert project.slug == "entanglement" and project.customer_uuid == works[0].uuid
    her = call("users", "me_retrieve", alice).uuid
    end = datetime.datetime(2098, 1, 1, tzinfo=datetime.timezone.utc)
    role = UserRoleCreateRequest(role="PROJECT.MANAGER", user=her, expiration_time=end)
    assert call("projects", "add_user", bob, project.uuid, body=role).expiration_time == end
    assert [(u.user_uuid, u.role_name) for u in call("projects", "list_users_list", bob, project.uuid)] == [(her, "PROJECT.MANAGER")]
    assert call("projects", "retrieve", alice, project.uuid).name == "Entanglement"
    call("projects", "delete_user", bob, project.uuid, body=UserRoleDeleteRequest(role="PROJECT.MANAGER", user=her))
    assert refused("projects", "retrieve", alice, project.uuid)[0] == 404
    assert refused("projects", "delete_user", alice, project.uuid, body=UserRoleDeleteRequest(role="PROJECT.MANAGER", user=her))[0] == 404


def test_it_is_paused_and_archived(alice, bob, staff, qubits, works):
    offering, _ = qubits
    assert call(OFFERINGS, "pause", bob, offering, body=OfferingPauseRequest(paused_reason="Cooling")).state == "Paused"
    assert call(OFFERINGS, "retrieve", bob, offering).paused_reason == "Cooling"
    assert refused(OFFERINGS, "pause", alice, offering, body=OfferingPauseRequest())[0] == 404
    assert call(OFFERINGS, "archive", bob, offering).state == "Archived"
    assert refused(OFFERINGS, "activate", staff, offering) == (400, '["Offering state is invalid."]')
    him = call("users", "me_retrieve", bob).uuid
    call("customers", "delete_user", staff, works[0].uuid, body=UserRoleDeleteRequest(role="CUSTOMER.OWNER", user=him))
    assert refused(OFFERINGS, "retrieve", bob, offering)[0] == 404
    assert refused(OFFERINGS, "retrieve", staff, uuid.uuid4())[0] == 404
