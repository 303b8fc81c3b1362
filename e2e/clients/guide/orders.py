"""Orders as their provider sees them: approved, rejected, cancelled."""

import uuid

from waldur_api_client import models
from waldur_api_client.errors import UnexpectedStatus

from guide.example import answered, example, function, model


def act(name, order, desk, note, who=None, body=None):
    """An act on an order by the client: newer ones do not go without a body."""
    module = function("marketplace_orders", f"marketplace_orders_{name}")
    how = {"uuid": uuid.UUID(order["uuid"]), "client": who or desk.pat}
    run = getattr(module, "sync", None)
    if run is None:
        note("it has sync_detailed alone")
        run = module.sync_detailed
    try:
        return run(**how)
    except TypeError:
        note("it takes a body")
        return run(**how, body=getattr(models, body)())


def listed(desk, note, state, **query):
    enum = model("MarketplaceOrdersListStateItem", "OrderState", note)
    return function("marketplace_orders", "marketplace_orders_list").sync(client=desk.pat, state=[enum(state)], **query)


@example("Approving/rejecting allocation order by service provider", "marketplace_orders_approve_by_provider")
class Approve:
    def sdk(self, desk, note):
        order = desk.ordered()
        act("approve_by_provider", order, desk, note, body="OrderApproveByProviderRequest")
        assert desk.state(order) == "executing"

    def raw(self, desk, note):
        order = desk.ordered()
        assert answered(desk.http(desk.pat).post(f"marketplace-orders/{order['uuid']}/approve_by_provider/"), 200)["detail"]
        assert desk.state(order) == "executing"


@example("Approving/rejecting allocation order by service provider", "marketplace_orders_reject_by_provider")
class Reject:
    def sdk(self, desk, note):
        order = desk.ordered()
        act("reject_by_provider", order, desk, note, body="OrderProviderRejectionRequest")
        assert desk.state(order) == "rejected"

    def raw(self, desk, note):
        order = desk.ordered()
        answered(desk.http(desk.pat).post(f"marketplace-orders/{order['uuid']}/reject_by_provider/"), 200)
        assert desk.state(order) == "rejected"


@example("Approving/rejecting allocation order by service provider", "marketplace_orders_list by state and resource")
class OfResource:
    def sdk(self, desk, note):
        order = desk.ordered()
        desk.post(desk.pat, f"marketplace-orders/{order['uuid']}/approve_by_provider/")
        found = listed(desk, note, "executing", resource_uuid=order["marketplace_resource_uuid"])
        assert [o.uuid.hex for o in found] == [order["uuid"]]

    def raw(self, desk, note):
        order = desk.ordered()
        desk.post(desk.pat, f"marketplace-orders/{order['uuid']}/approve_by_provider/")
        found = desk.get(desk.pat, "marketplace-orders/", state="executing", resource_uuid=order["marketplace_resource_uuid"])
        assert [o["uuid"] for o in found] == [order["uuid"]]


STATES = "canceled done erred executing pending-consumer pending-project pending-provider rejected".split()

EXECUTING = "an executing order is approved already: 409; pending-provider is meant"


@example("Approving/rejecting allocation order by service provider", "workflow: list orders, approve each")
class Workflow:
    def sdk(self, desk, note):
        waiting = desk.ordered()
        executing = listed(desk, note, "executing", page_size=1)
        try:
            act("approve_by_provider", {"uuid": executing[0].uuid.hex}, desk, note, body="OrderApproveByProviderRequest")
        except UnexpectedStatus as refused:
            assert refused.status_code == 409 and b"pending-provider" in refused.content
            note(EXECUTING)
        for order in listed(desk, note, "pending-provider", page_size=100):
            act("approve_by_provider", {"uuid": order.uuid.hex}, desk, note, body="OrderApproveByProviderRequest")
        assert desk.state(waiting) == "executing"
        for state in STATES:
            listed(desk, note, state)

    def raw(self, desk, note):
        order = desk.ordered()
        path = f"marketplace-orders/{order['uuid']}/approve_by_provider/"
        desk.post(desk.pat, path)
        again = desk.http(desk.pat).post(path)
        assert again.status_code == 409, again.text
        note(EXECUTING)
        for state in STATES:
            desk.get(desk.pat, "marketplace-orders/", state=state)


@example("Cancellation of orders for allocations", "marketplace_orders_cancel of an executing termination")
class Cancel:
    def sdk(self, desk, note):
        ending = desk.ending()
        types = model("MarketplaceOrdersListTypeItem", "RequestTypes", note)
        states = model("MarketplaceOrdersListStateItem", "OrderState", note)
        orders = function("marketplace_orders", "marketplace_orders_list").sync(
            client=desk.alice, state=[states.EXECUTING], type_=[types.TERMINATE]
        )
        order = next(o for o in orders if o.uuid.hex == ending["uuid"])
        function("marketplace_orders", "marketplace_orders_cancel").sync_detailed(client=desk.alice, uuid=order.uuid)
        assert desk.state(ending) == "canceled"

    def raw(self, desk, note):
        ending = desk.ending()
        found = desk.get(desk.alice, "marketplace-orders/", state="executing", type="Terminate")
        assert ending["uuid"] in [o["uuid"] for o in found]
        answered(desk.http(desk.alice).post(f"marketplace-orders/{ending['uuid']}/cancel/"), 202)
        assert desk.state(ending) == "canceled"


@example("Cancellation of orders for allocations", "marketplace_orders_cancel of a pending order")
class CancelPending:
    def sdk(self, desk, note):
        order = desk.ordered(desk.basic)
        function("marketplace_orders", "marketplace_orders_cancel").sync_detailed(client=desk.alice, uuid=uuid.UUID(order["uuid"]))
        assert desk.state(order) == "canceled"

    def raw(self, desk, note):
        order = desk.ordered(desk.basic)
        answered(desk.http(desk.alice).post(f"marketplace-orders/{order['uuid']}/cancel/"), 202)
        assert desk.state(order) == "canceled"
