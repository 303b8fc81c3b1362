"""Accounts: names by which people are known inside an offering."""

from uuid import UUID

from waldur_api_client.models import OfferingUserRequest, SetOfferingsUsernameRequest

from desk import env
from guide.example import answered, example, function, keyed, told

ACCOUNT = "created offering offering_name offering_uuid user user_uuid username"


def none_yet(desk, offering):
    """Takes the account away that carol may have in an offering, so that the example can grant it."""
    for account in desk.get(desk.staff, "marketplace-offering-users/", offering_uuid=offering["uuid"], user_uuid=desk.user["uuid"]):
        answered(desk.http(desk.staff).delete(f"marketplace-offering-users/{account['uuid']}/"), 204)


def links(desk, offering):
    root = env["WALDUR_API_URL"]
    return {
        "user": f"{root}users/{desk.user['uuid']}/",
        "offering": f"{root}marketplace-provider-offerings/{offering['uuid']}/",
    }


@example("Granting user access to resource", "marketplace_offering_users_create")
class Grant:
    def sdk(self, desk, note):
        none_yet(desk, desk.cluster)
        made = function("marketplace_offering_users", "marketplace_offering_users_create").sync(
            client=desk.pat, body=OfferingUserRequest(**links(desk, desk.cluster), username="ccastell")
        )
        assert (made.username, made.user_uuid.hex, made.offering_name) == ("ccastell", desk.user["uuid"], "Guide cluster")
        told([made], ACCOUNT, note)

    def raw(self, desk, note):
        none_yet(desk, desk.cluster)
        made = answered(
            desk.http(desk.pat).post("marketplace-offering-users/", json={**links(desk, desk.cluster), "username": "ccastell"}), 201
        )
        assert made["username"] == "ccastell" and made["offering_uuid"] == desk.cluster["uuid"]
        keyed([made], ACCOUNT, note)


def named(desk):
    rows = desk.get(desk.staff, "marketplace-offering-users/", offering_uuid=desk.cluster["uuid"], user_uuid=desk.user["uuid"])
    return {(r["username"], r["state"]) for r in rows}


@example(
    "Granting user access to corresponding resources in batch manner", "marketplace_service_providers_set_offerings_username"
)
class Batch:
    def sdk(self, desk, note):
        done = function("marketplace_service_providers", "marketplace_service_providers_set_offerings_username").sync_detailed(
            uuid=desk.service_provider(),
            client=desk.pat,
            body=SetOfferingsUsernameRequest(user_uuid=UUID(desk.user["uuid"]), username="castell1"),
        )
        assert done.status_code == 201 and named(desk) == {("castell1", "OK")}

    def raw(self, desk, note):
        path = f"marketplace-service-providers/{desk.service_provider().hex}/set_offerings_username/"
        body = {"user_uuid": desk.user["uuid"], "username": "castell2"}
        assert answered(desk.http(desk.pat).post(path, json=body), 201) == {"detail": "Offering users have been set."}
        assert named(desk) == {("castell2", "OK")}
