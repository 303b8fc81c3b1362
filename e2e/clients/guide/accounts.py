"""Accounts: names by which people are known inside an offering."""

from uuid import UUID

from waldur_api_client.models import OfferingUserRequest, SetOfferingsUsernameRequest

from desk import env
from guide.example import answered, example, function, keyed, told

ACCOUNT = "created offering offering_name offering_uuid user user_uuid username"


def somebody(desk):
    """Somebody without an account: alice, who has no role in the project, for whose people the desk makes theirs."""
    user = desk.get(desk.alice, "users/me/")
    for account in desk.get(desk.staff, "marketplace-offering-users/", offering_uuid=desk.cluster["uuid"], user_uuid=user["uuid"]):
        answered(desk.http(desk.staff).delete(f"marketplace-offering-users/{account['uuid']}/"), 204)
    return user


def links(desk, user):
    root = env["WALDUR_API_URL"]
    return {
        "user": f"{root}users/{user['uuid']}/",
        "offering": f"{root}marketplace-provider-offerings/{desk.cluster['uuid']}/",
    }


@example("Granting user access to resource", "marketplace_offering_users_create")
class Grant:
    def sdk(self, desk, note):
        user = somebody(desk)
        made = function("marketplace_offering_users", "marketplace_offering_users_create").sync(
            client=desk.pat, body=OfferingUserRequest(**links(desk, user), username="aauren")
        )
        assert (made.username, made.user_uuid.hex, made.offering_name) == ("aauren", user["uuid"], "Guide cluster")
        told([made], ACCOUNT, note)

    def raw(self, desk, note):
        body = {**links(desk, somebody(desk)), "username": "aauren"}
        made = answered(desk.http(desk.pat).post("marketplace-offering-users/", json=body), 201)
        assert made["username"] == "aauren" and made["offering_uuid"] == desk.cluster["uuid"]
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
