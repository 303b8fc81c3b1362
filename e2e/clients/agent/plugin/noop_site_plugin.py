"""A site that has nothing: allocations, members and usage are entries of one JSON file.

backend_settings: state_file names it. A name in fail makes the creation of that allocation fail.
"""

import contextlib
import fcntl
import json
import os

from waldur_site_agent.backend.backends import AbstractUsernameManagementBackend, BaseBackend
from waldur_site_agent.backend.clients import UnknownClient
from waldur_site_agent.backend.exceptions import BackendError
from waldur_site_agent.backend.structures import Association, ClientResource


class Site:
    """The file. Two agents may write it; one that is killed while it writes leaves the last state."""

    def __init__(self, path):
        self.path = path

    @contextlib.contextmanager
    def open(self):
        with open(self.path + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                with open(self.path) as f:
                    state = json.load(f)
            except FileNotFoundError:
                state = {"resources": {}, "usage": {}}
            before = json.dumps(state)
            yield state
            if json.dumps(state) != before:
                with open(self.path + ".new", "w") as f:
                    json.dump(state, f, indent=1)
                os.replace(self.path + ".new", self.path)


class NoopClient(UnknownClient):
    def __init__(self, site):
        self.site = site

    def list_resources(self):
        with self.site.open() as s:
            return [ClientResource(name=n, organization=r["organization"], backend_id=n) for n, r in s["resources"].items()]

    def get_resource(self, resource_id):
        return next((r for r in self.list_resources() if r.name == resource_id), None)

    def create_resource(self, name, description, organization, parent_name=None):
        with self.site.open() as s:
            s["resources"][name] = {"description": description, "organization": organization, "limits": {}, "users": []}
        return name

    def delete_resource(self, name):
        with self.site.open() as s:
            s["resources"].pop(name, None)
        return name

    def set_resource_limits(self, resource_id, limits_dict):
        with self.site.open() as s:
            s["resources"][resource_id]["limits"] = limits_dict

    def get_resource_limits(self, resource_id):
        with self.site.open() as s:
            return s["resources"][resource_id]["limits"]

    def get_resource_user_limits(self, resource_id):
        return {}

    def set_resource_user_limits(self, resource_id, username, limits_dict):
        return ""

    def list_resource_users(self, resource_id):
        with self.site.open() as s:
            return list(s["resources"][resource_id]["users"])

    def get_association(self, user, resource_id):
        return Association(resource_id, user) if user in self.list_resource_users(resource_id) else None

    def create_association(self, username, resource_id, default_account=None):
        with self.site.open() as s:
            s["resources"][resource_id]["users"].append(username)
        return username

    def delete_association(self, username, resource_id):
        with self.site.open() as s:
            s["resources"][resource_id]["users"].remove(username)
        return username


class NoopBackend(BaseBackend):
    def __init__(self, backend_settings, backend_components):
        super().__init__(backend_settings, backend_components)
        self.backend_type = "noop"
        self.site = Site(backend_settings["state_file"])
        self.client = NoopClient(self.site)

    def ping(self, raise_exception=False):
        return True

    def diagnostics(self):
        return True

    def list_components(self):
        return list(self.backend_components)

    def _get_usage_report(self, resource_backend_ids):
        with self.site.open() as s:
            return {i: s["usage"][i] for i in resource_backend_ids if i in s["usage"]}

    def get_usage_report_for_period(self, resource_backend_ids, year, month, waldur_resource=None):
        with self.site.open() as s:
            past = s.get("past", {}).get(f"{year}-{month:02}", {})
            return {i: past[i] for i in resource_backend_ids if i in past}

    def runs(self, name, how):
        with self.site.open() as s:
            s["resources"][name]["runs"] = how
        return True

    def downscale_resource(self, resource_backend_id):
        return self.runs(resource_backend_id, "slowly")

    def pause_resource(self, resource_backend_id):
        return self.runs(resource_backend_id, "not")

    def restore_resource(self, resource_backend_id):
        return self.runs(resource_backend_id, "")

    def get_resource_metadata(self, resource_backend_id):
        return {"site": "noop"}

    def _collect_resource_limits(self, waldur_resource):
        limits = {k: v for k, v in waldur_resource.limits.to_dict().items() if k in self.backend_components} if waldur_resource.limits else {}
        return dict(limits), dict(limits)

    def get_resource_limits(self, resource_backend_id):
        return self.client.get_resource_limits(resource_backend_id)

    def _create_backend_resource(self, *args, **kwargs):
        # One that is there already was made for this very resource, whose slug it is named by, by an agent that was
        # killed before it could tell: it is taken up. Taken for somebody else's, it would be made twice.
        super()._create_backend_resource(*args, **kwargs)
        return True

    def _pre_create_resource(self, waldur_resource, user_context=None):
        if waldur_resource.name in self.backend_settings.get("fail", []):
            raise BackendError("the site has no room for " + waldur_resource.name)


class NoopUsernames(AbstractUsernameManagementBackend):
    def generate_username(self, offering_user):
        return "site_" + offering_user.user_username

    def get_username(self, offering_user):
        return None
