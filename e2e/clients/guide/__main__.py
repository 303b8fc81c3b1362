"""Runs every example in both forms, in the guide's order, and prints a JSON list, one item for each example."""

import json

from guide import accounts, lists, orders, providers, resources, usage  # noqa: F401: each adds its examples
from guide.example import examples, outcome
from guide.world import Desk

# The guide's sections, as it has them.
SECTIONS = [
    "Prerequisites",
    "Getting a list of users",
    "Getting a list of SSH keys",
    "Getting a list of resource allocations",
    "Approving/rejecting allocation order by service provider",
    "Cancellation of orders for allocations",
    "Updating resource allocation with local reference (setting backend_id field)",
    "Providing additional access detail for resource allocation",
    "Pagination",
    "Filtering API Response Fields Using Enum Types",
    "Getting a list of members in a project with active resource allocations",
    "Reporting usage for a resource allocation",
    "Granting user access to resource",
    "Granting user access to corresponding resources in batch manner",
    "Getting service provider for an organization",
    "Listing users of service provider's resources",
    "Listing ssh key for users of service provider's resources",
    "Listing projects with service provider's resources",
    "Listing project permissions in projects using service provider's resources",
]

desk = Desk()
print(
    json.dumps(
        [
            {"section": title, "what": what, "sdk": outcome(shape.sdk, desk), "raw": outcome(shape.raw, desk)}
            for title in SECTIONS
            for section, what, shape in examples
            if section == title
        ]
    )
)
assert {section for section, _, _ in examples} == set(SECTIONS), "each section has an example, and no other has one"
