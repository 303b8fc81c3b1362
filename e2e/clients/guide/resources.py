"""Allocations: listed, given a reference of the provider's, reported on, and the people behind them."""

from waldur_api_client.models import ReportSectionRequest, ResourceBackendIDRequest, ResourceReportRequest

from guide.example import answered, example, function, keyed, model, told

LISTED = ("name", "state", "limits", "plan", "project", "url")


@example("Getting a list of resource allocations", "marketplace_resources_list by provider, state, offering and field")
class Resources:
    def sdk(self, desk, note):
        made = desk.ordered()["marketplace_resource_uuid"]
        states = model("MarketplaceResourcesListStateItem", "ResourceState", note)
        fields = model("MarketplaceResourcesListFieldItem", "ResourceFieldEnum", note)
        listed = function("marketplace_resources", "marketplace_resources_list").sync(
            client=desk.pat,
            provider_uuid=desk.provider,
            state=[states.CREATING],
            offering_uuid=offerings(desk.cluster["uuid"], note),
            field=[fields.NAME, fields.STATE, fields.LIMITS, fields.PLAN, fields.PROJECT, fields.URL],
        )
        mine = [r for r in listed if r.url.rstrip("/").endswith(made)]
        assert len(mine) == 1 and {r.state.value for r in listed} == {"Creating"}
        assert mine[0].limits["disk"] == 2
        told(listed, " ".join(LISTED), note)

    def raw(self, desk, note):
        made = desk.ordered()["marketplace_resource_uuid"]
        query = [("provider_uuid", desk.provider), ("state", "Creating"), ("offering_uuid", desk.cluster["uuid"])]
        listed = answered(desk.http(desk.pat).get("marketplace-resources/", params=query + [("field", n) for n in LISTED]), 200)
        assert any(made in r["url"] for r in listed) and all(set(r) == set(LISTED) for r in listed)


def offerings(uuid, note):
    """The filter by offering is one UUID in the guide and in older clients, and a list of them in newer ones."""
    import inspect
    from uuid import UUID

    takes = function("marketplace_resources", "marketplace_resources_list")
    if "list" in str(inspect.signature(takes.sync).parameters["offering_uuid"].annotation):
        note("offering_uuid takes a list of UUIDs")
        return [UUID(uuid)]
    return uuid


CHANGED, SAME = "Resource backend_id has been changed.", "Resource backend_id is not changed."


@example("Updating resource allocation with local reference (setting backend_id field)", "set_backend_id")
class BackendID:
    def sdk(self, desk, note):
        act = function("marketplace_provider_resources", "marketplace_provider_resources_set_backend_id")
        set_to = act.sync_detailed(uuid=desk.live, client=desk.pat, body=ResourceBackendIDRequest(backend_id="guide-1"))
        assert set_to.status_code == 200 and set_to.parsed.status in (CHANGED, SAME)
        assert set_to.parsed["backend_id"] == "guide-1", "older clients read the reference itself"
        note("the answer is a status, beside it the reference")
        assert desk.get(desk.alice, f"marketplace-resources/{desk.live}/")["backend_id"] == "guide-1"

    def raw(self, desk, note):
        http, one = desk.http(desk.pat), f"marketplace-resources/{desk.live.hex}/"
        assert answered(http.post(one, json={"backend_id": "guide-2"}), 200)["status"] == CHANGED
        assert answered(http.post(f"{one}set_backend_id/", json={"backend_id": "guide-2"}), 200)["status"] == SAME
        assert desk.get(desk.alice, one)["backend_id"] == "guide-2"


@example("Providing additional access detail for resource allocation", "submit_report")
class Report:
    def sdk(self, desk, note):
        act = function("marketplace_provider_resources", "marketplace_provider_resources_submit_report")
        sections = [ReportSectionRequest(header="Door", body="Ring twice"), ReportSectionRequest(header="Desk", body="The left one")]
        body = ResourceReportRequest(report=sections)
        try:
            act.sync(uuid=desk.live, body=body)
        except TypeError:
            note("client= is missing in the guide")
        done = act.sync(uuid=desk.live, body=body, client=desk.pat)
        assert done.status == "Report is submitted"
        note("the answer is a status, beside it the report")
        assert [s["header"] for s in done["report"]] == ["Door", "Desk"]

    def raw(self, desk, note):
        sections = [{"header": "Door", "body": "Ring once"}]
        path = f"marketplace-provider-resources/{desk.live.hex}/submit_report/"
        assert answered(desk.http(desk.pat).post(path, json={"report": sections}), 200)["report"] == sections
        assert desk.get(desk.alice, f"marketplace-resources/{desk.live.hex}/")["report"] == sections


TEAM = "url uuid username full_name role expiration_time offering_user_username email"


@example("Getting a list of members in a project with active resource allocations", "marketplace_resources_team_list")
class Team:
    def sdk(self, desk, note):
        team = function("marketplace_resources", "marketplace_resources_team_list").sync(uuid=desk.live, client=desk.pat)
        assert "carol" in {m.username for m in team} and "alice" not in {m.username for m in team}
        told(team, TEAM, note)

    def raw(self, desk, note):
        team = desk.get(desk.pat, f"marketplace-resources/{desk.live.hex}/team/")
        assert [m["role"] for m in team if m["username"] == "carol"] == ["PROJECT.MANAGER"]
        keyed(team, TEAM, note)
