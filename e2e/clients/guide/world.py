"""The desk that the guide is followed on: the demo's people, a cluster of the provider's, and allocations of it."""

import itertools
import tempfile
import uuid

import httpx
from desk import docket, env
from waldur_api_client import AuthenticatedClient

# A cluster all of whose components take reports: the guide reports on every one that an offering has.
CLUSTER = """
users:
  - login: carol
    roles: [{role: project.manager, project: aurora}]
providers:
  - customer: nordic-compute
    offerings:
      - code: guide
        name: Guide cluster
        measure: limits
        fulfilment: manual
        cancel: never
        attrs:
          type: Marketplace.Slurm
          category: HPC
          plugin_options: {service_provider_can_create_offering_user: true, username_generation_policy: service_provider}
        components:
          - {code: cpu, name: Processors, unit: h, billing: usage}
          - {code: disk, name: Disk space, unit: TB, billing: limit}
        plans:
          - code: only
            name: The only one
            unit: month
            prices: [{component: cpu, each: 0.01}, {component: disk, each: 20}]
"""

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


class Desk:
    """Who asks, and what there is to ask about. pat owns the provider, alice the consumer; carol is in the project."""

    def __init__(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(CLUSTER)
            file.flush()
            docket("apply", file.name)
        self.names = (f"guide-{n}" for n in itertools.count(1))
        self.pat, self.alice, self.carol, self.staff = (
            self.client(env[key]) for key in ("WALDUR_PROVIDER_TOKEN", "WALDUR_TOKEN", "WALDUR_CAROL_TOKEN", "WALDUR_STAFF_TOKEN")
        )
        self.provider = env["WALDUR_PROVIDER_CUSTOMER_UUID"]
        listed = self.get(self.pat, "marketplace-provider-offerings/", customer_uuid=self.provider, page_size=100)
        self.offerings = {o["name"]: o for o in listed}
        self.cluster, self.basic = self.offerings["Guide cluster"], self.offerings["Lab desk"]
        self.user = self.get(self.carol, "users/me/")
        self.live = self.delivered()

    @staticmethod
    def client(token):
        return AuthenticatedClient(base_url=env["WALDUR_URL"], token=token)

    @staticmethod
    def http(who):
        """Plain HTTP, with nothing of the client's but its token."""
        return httpx.Client(base_url=f"{env['WALDUR_URL']}/api/", headers={"Authorization": f"Token {who.token}"})

    def get(self, who, path, **query):
        response = self.http(who).get(path, params=query)
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"
        return response.json()

    def post(self, who, path, body=None):
        response = self.http(who).post(path, json=body if body is not None else {})
        assert response.status_code in (200, 201, 202), f"{path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def ordered(self, offering=None):
        """An order of alice's that waits for the provider."""
        offering = offering or self.cluster
        link = f"{env['WALDUR_API_URL']}marketplace-public-offerings/{offering['uuid']}/"
        limits = {c["type"]: 2 for c in offering["components"] if c["billing_type"] == "limit"}
        body = {
            "offering": link,
            "plan": f"{link}plans/{offering['plans'][0]['uuid']}/",
            "project": f"{env['WALDUR_API_URL']}projects/{env['WALDUR_PROJECT_UUID']}/",
            "limits": limits,
            "attributes": {"name": next(self.names)},
        }
        placed = self.post(self.alice, "marketplace-orders/", body)
        assert placed["state"] == "pending-provider"
        return placed

    def state(self, order):
        return self.get(self.pat, f"marketplace-orders/{order['uuid']}/")["state"]

    def finished(self, order):
        self.post(self.pat, f"marketplace-orders/{order['uuid']}/approve_by_provider/")
        if self.state(order) == "executing":
            self.post(self.pat, f"marketplace-orders/{order['uuid']}/set_state_done/")
        assert self.state(order) == "done"
        return order

    def delivered(self, offering=None):
        """The UUID of a resource in use."""
        return uuid.UUID(self.finished(self.ordered(offering))["marketplace_resource_uuid"])

    def ending(self):
        """An approved order to end a resource of the kind of offering whose orders can be cancelled."""
        made = self.delivered(self.basic)
        asked = self.post(self.alice, f"marketplace-resources/{made.hex}/terminate/")
        order = {"uuid": asked["order_uuid"]}
        self.post(self.pat, f"marketplace-orders/{order['uuid']}/approve_by_provider/")
        return order

    def service_provider(self):
        """The UUID that the guide's later examples begin by looking up."""
        return uuid.UUID(self.get(self.pat, "marketplace-service-providers/", customer_uuid=self.provider)[0]["uuid"])
