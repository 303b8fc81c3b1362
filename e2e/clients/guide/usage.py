"""Reporting usage of an allocation."""

from uuid import UUID

from waldur_api_client.models import ComponentUsageCreateRequest, ComponentUsageItemRequest

from guide.example import answered, example, function, keyed, told

SECTION = "Reporting usage for a resource allocation"

DISPLAY_NAME = "the guide reports by display name, which is taken where no type has it"
OTHERS = "of a plan with fixed or one-time components, leave those out: they take no report, 400"


@example(SECTION, "marketplace_public_offerings_retrieve")
class Offering:
    def sdk(self, desk, note):
        offering = function("marketplace_public_offerings", "marketplace_public_offerings_retrieve").sync(
            uuid=UUID(desk.cluster["uuid"]), client=desk.pat
        )
        assert {c.type_: c.name for c in offering.components} == {"cpu": "Processors", "disk": "Disk space"}
        assert [p.name for p in offering.plans] == ["The only one"]

    def raw(self, desk, note):
        offering = desk.get(desk.pat, f"marketplace-public-offerings/{desk.cluster['uuid']}/")
        assert {c["type"] for c in offering["components"]} == {"cpu", "disk"} and offering["plans"]


@example(SECTION, "marketplace_plan_components_list")
class PlanComponents:
    def sdk(self, desk, note):
        rows = function("marketplace_plan_components", "marketplace_plan_components_list").sync(
            offering_uuid=UUID(desk.cluster["uuid"]), client=desk.pat
        )
        assert {r.component_name for r in rows} == {"Processors", "Disk space"}

    def raw(self, desk, note):
        rows = desk.get(desk.pat, "marketplace-plan-components/", offering_uuid=desk.cluster["uuid"])
        assert {r["component_name"] for r in rows} == {"Processors", "Disk space"}


def reported(desk, resource):
    rows = desk.get(desk.pat, "marketplace-component-usages/", resource_uuid=resource.hex)
    return {r["type"]: r["usage"] for r in rows}


@example(SECTION, "marketplace_component_usages_set_usage for each plan component")
class SetUsage:
    def sdk(self, desk, note):
        made = desk.delivered()
        rows = function("marketplace_plan_components", "marketplace_plan_components_list").sync(
            offering_uuid=UUID(desk.cluster["uuid"]), client=desk.pat
        )
        usages = [ComponentUsageItemRequest(type_=r.component_name, amount="10", description="Usage") for r in rows]
        note(DISPLAY_NAME)
        done = function("marketplace_component_usages", "marketplace_component_usages_set_usage").sync_detailed(
            client=desk.pat, body=ComponentUsageCreateRequest(resource=made, usages=usages)
        )
        assert done.status_code == 201
        assert reported(desk, made) == {"cpu": "10.00", "disk": "10.00"}
        others(desk, note)

    def raw(self, desk, note):
        made = desk.delivered()
        usages = [{"type": name, "amount": "10", "description": "Usage"} for name in ("Processors", "Disk space")]
        note(DISPLAY_NAME)
        path = "marketplace-component-usages/set_usage/"
        answered(desk.http(desk.pat).post(path, json={"resource": str(made), "usages": usages}), 201)
        assert reported(desk, made) == {"cpu": "10.00", "disk": "10.00"}
        others(desk, note)


def others(desk, note):
    """The demo's cluster charges its setup once: a report that names it is refused, whole."""
    cluster = desk.offerings["HPC cluster"]
    made = desk.delivered(cluster)
    usages = [{"type": c["name"], "amount": "10", "description": "Usage"} for c in cluster["components"]]
    refused = desk.http(desk.pat).post("marketplace-component-usages/set_usage/", json={"resource": made.hex, "usages": usages})
    assert refused.status_code == 400 and refused.json() == {"non_field_errors": ["These components are invalid: Setup."]}, refused.text
    assert reported(desk, made) == {}
    note(OTHERS)


PERIOD = "components end plan_name plan_uuid start uuid"
USED = "created date description measured_unit name type_ usage uuid"


@example(SECTION, "marketplace_resources_plan_periods_list")
class PlanPeriods:
    def sdk(self, desk, note):
        made = reporting(desk)
        periods = function("marketplace_resources", "marketplace_resources_plan_periods_list").sync(uuid=made, client=desk.pat)
        assert [p.plan_name for p in periods] == ["The only one"] and periods[0].end is None
        told(periods, PERIOD, note)
        told(periods[0].components, USED, note)
        assert [(c.name, c.type_, c.measured_unit, float(c.usage)) for c in periods[0].components] == [("Processors", "cpu", "h", 10)]

    def raw(self, desk, note):
        made = reporting(desk)
        periods = desk.get(desk.pat, f"marketplace-resources/{made.hex}/plan_periods/")
        keyed(periods, PERIOD, note)
        keyed(periods[0]["components"], USED, note)
        assert [float(c["usage"]) for c in periods[0]["components"]] == [10]


def reporting(desk):
    made = desk.delivered()
    body = {"resource": made.hex, "usages": [{"type": "cpu", "amount": 10, "description": "Usage"}]}
    answered(desk.http(desk.pat).post("marketplace-component-usages/set_usage/", json=body), 201)
    return made
