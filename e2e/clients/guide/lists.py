"""Prerequisites, people, keys, pages and fields: what the guide reads before it comes to allocations."""

from waldur_api_client import AuthenticatedClient
from waldur_api_client.types import Unset

from desk import env
from guide.example import answered, example, function, keyed, model, told
from guide.world import PUBLIC_KEY

USER = """url uuid username slug full_name native_name job_title email phone_number organization civil_number description is_staff
    is_active is_support token token_lifetime registration_method date_joined agreement_date preferred_language permissions
    requested_email affiliations first_name last_name identity_provider_name identity_provider_label identity_provider_management_url
    identity_provider_fields image identity_source has_active_session"""

KEY = "url uuid name public_key fingerprint_md5 fingerprint_sha256 fingerprint_sha512 user_uuid is_shared type_"

NO_TOKEN = {"token": "the desk keeps none that it could show"}


@example("Prerequisites", "a client, and who it is")
class Prerequisites:
    def sdk(self, desk, note):
        client = AuthenticatedClient(base_url=env["WALDUR_URL"], token=env["WALDUR_PROVIDER_TOKEN"])
        assert function("users", "users_me_retrieve").sync(client=client).username == "pat"
        assert function("version", "version_retrieve").sync(client=client).version

    def raw(self, desk, note):
        assert desk.get(desk.pat, "users/me/")["username"] == "pat"
        assert desk.get(desk.pat, "version/")["version"]


@example("Getting a list of users", "users_list")
class Users:
    def sdk(self, desk, note):
        users = function("users", "users_list").sync(client=desk.staff)
        assert {"alice", "carol", "pat"} <= {u.username for u in users}
        told(users, USER, note, NO_TOKEN)
        assert "pat" in {u.username for u in function("users", "users_list").sync(client=desk.pat)}

    def raw(self, desk, note):
        keyed(desk.get(desk.staff, "users/"), USER, note, NO_TOKEN)


def key(desk):
    """carol has one key, whichever example comes first."""
    own = desk.get(desk.carol, "keys/", page_size=100)
    if not own:
        made = desk.http(desk.carol).post("keys/", json={"name": "laptop", "public_key": PUBLIC_KEY})
        own = [answered(made, 201)]
    return own[0]


@example("Getting a list of SSH keys", "keys_list")
class Keys:
    def sdk(self, desk, note):
        mine = key(desk)
        keys = function("keys", "keys_list").sync(client=desk.carol)
        assert [k.uuid.hex for k in keys] == [mine["uuid"]]
        told(keys, KEY, note)

    def raw(self, desk, note):
        mine = key(desk)
        keys = desk.get(desk.carol, "keys/")
        assert [k["uuid"] for k in keys] == [mine["uuid"]]
        keyed(keys, KEY, note)
        assert keys[0]["type"] == "ssh-ed25519" and keys[0]["public_key"].startswith(PUBLIC_KEY)


@example("Pagination", "marketplace_provider_offerings_list by page and page_size")
class Pages:
    def sdk(self, desk, note):
        listed = function("marketplace_provider_offerings", "marketplace_provider_offerings_list")
        first = listed.sync(client=desk.pat, page=1, page_size=10)
        assert 2 <= len(first) <= 10
        one_by_one = [listed.sync(client=desk.pat, page=n + 1, page_size=1)[0].uuid for n in range(len(first))]
        assert one_by_one == [o.uuid for o in first] == [o.uuid for o in listed.sync_all(client=desk.pat)]

    def raw(self, desk, note):
        response = desk.http(desk.pat).get("marketplace-provider-offerings/", params={"page": 1, "page_size": 1})
        assert len(answered(response, 200)) == 1
        assert int(response.headers["X-Result-Count"]) >= 2 and 'rel="next"' in response.headers["Link"]


@example("Filtering API Response Fields Using Enum Types", "marketplace_service_providers_list by field")
class Fields:
    names = ("customer_name", "customer_abbreviation", "description", "offering_count")

    def sdk(self, desk, note):
        enum = model("MarketplaceServiceProvidersListFieldItem", "ServiceProviderFieldEnum", note)
        fields = [enum.CUSTOMER_NAME, enum.CUSTOMER_ABBREVIATION, enum.DESCRIPTION, enum.OFFERING_COUNT]
        listed = function("marketplace_service_providers", "marketplace_service_providers_list").sync(client=desk.pat, field=fields)
        assert "Nordic Compute" in {p.customer_name for p in listed}
        told(listed, " ".join(self.names), note)
        assert all(isinstance(p.uuid, Unset) for p in listed), "only what was asked for"

    def raw(self, desk, note):
        listed = answered(desk.http(desk.pat).get("marketplace-service-providers/", params=[("field", n) for n in self.names]), 200)
        assert listed and all(set(p) == set(self.names) for p in listed)
