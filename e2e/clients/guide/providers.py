"""A service provider, and whom it serves."""

from guide.example import example, function, keyed, told
from guide.lists import KEY, key

PROVIDER = """created customer customer_abbreviation customer_country customer_image customer_name customer_native_name customer_slug
    customer_uuid description image offering_count organization_groups url uuid"""


def listed(desk):
    """How each of these examples begins."""
    return function("marketplace_service_providers", "marketplace_service_providers_list").sync(
        client=desk.pat, customer_uuid=desk.provider
    )


def part(desk, name):
    """A list of the provider's own: its users, keys, projects, permissions."""
    provider = listed(desk)[0]
    module = function("marketplace_service_providers", f"marketplace_service_providers_{name}_list")
    return module.sync(service_provider_uuid=provider.uuid, client=desk.pat)


def plain(desk, name):
    return desk.get(desk.pat, f"marketplace-service-providers/{desk.service_provider().hex}/{name}/")


@example("Getting service provider for an organization", "marketplace_service_providers_list by customer")
class Provider:
    def sdk(self, desk, note):
        found = listed(desk)
        assert [p.customer_name for p in found] == ["Nordic Compute"]
        told(found, PROVIDER, note)

    def raw(self, desk, note):
        found = desk.get(desk.pat, "marketplace-service-providers/", customer_uuid=desk.provider)
        assert len(found) == 1
        keyed(found, PROVIDER, note)


USER = """uuid username full_name first_name last_name organization email phone_number projects_count registration_method affiliations
    is_active"""


@example("Listing users of service provider's resources", "marketplace_service_providers_users_list")
class Users:
    withheld = {"is_active": "it is told to staff; a provider sees those who are"}

    def sdk(self, desk, note):
        users = part(desk, "users")
        assert [(u.username, u.projects_count) for u in users] == [("carol", 1)]
        told(users, USER, note, self.withheld)

    def raw(self, desk, note):
        users = plain(desk, "users")
        assert [u["username"] for u in users] == ["carol"]
        keyed(users, USER, note, self.withheld)


@example("Listing ssh key for users of service provider's resources", "marketplace_service_providers_keys_list")
class Keys:
    def sdk(self, desk, note):
        mine = key(desk)
        keys = part(desk, "keys")
        assert [k.uuid.hex for k in keys] == [mine["uuid"]]
        told(keys, KEY, note)

    def raw(self, desk, note):
        mine = key(desk)
        keys = plain(desk, "keys")
        assert [k["uuid"] for k in keys] == [mine["uuid"]]
        keyed(keys, KEY, note)


PROJECT = """url uuid name slug customer customer_uuid customer_name customer_slug customer_native_name customer_abbreviation description
    created type_ type_name type_uuid backend_id start_date end_date end_date_requested_by oecd_fos_2007_code oecd_fos_2007_label
    is_industry image resources_count project_credit marketplace_resource_count billing_price_estimate"""


@example("Listing projects with service provider's resources", "marketplace_service_providers_projects_list")
class Projects:
    def sdk(self, desk, note):
        projects = part(desk, "projects")
        assert [p.name for p in projects] == ["aurora"]
        told(projects, PROJECT, note)

    def raw(self, desk, note):
        projects = plain(desk, "projects")
        assert projects[0]["resources_count"] >= 1
        keyed(projects, PROJECT, note)


PERMISSION = """created expiration_time created_by created_by_full_name created_by_username project project_uuid project_name
    project_created project_end_date customer_uuid customer_name role role_name user user_full_name user_native_name user_username
    user_uuid user_email"""


@example(
    "Listing project permissions in projects using service provider's resources",
    "marketplace_service_providers_project_permissions_list",
)
class Permissions:
    unset = {"project_end_date": "this project has no end, and the client takes no null there"}

    def sdk(self, desk, note):
        grants = part(desk, "project_permissions")
        assert {(g.user_username, g.project_name) for g in grants} == {("carol", "aurora")}
        told(grants, PERMISSION, note, self.unset)

    def raw(self, desk, note):
        grants = plain(desk, "project_permissions")
        assert {g["role_name"] for g in grants} >= {"PROJECT.MANAGER"}
        keyed(grants, PERMISSION, note, self.unset)
