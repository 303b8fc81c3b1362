"""What is set by hand of a resource, and the accounts of programs and courses, with waldur-api-client."""

import datetime

import pytest
from conftest import UNKNOWN, call, every, finish, place, refused, resource, someone, state
from desk import env
from waldur_api_client.models import (
    CourseAccountCreateNestedRequest,
    CourseAccountsBulkCreateRequest,
    CustomerServiceAccountRequest,
    PatchedProjectServiceAccountRequest,
    ProjectRequest,
    ProjectServiceAccountRequest,
    ResourceDownscaledRequest,
    ResourceEffectiveIDRequest,
    ResourceEndDateRequest,
    ResourceOptionsRequest,
    ResourceOptionsRequestOptionsType0,
    ResourcePausedRequest,
    ResourceRestrictMemberAccessRequest,
    ResourceSlugRequest,
)
from waldur_api_client.models.course_account_o_enum import CourseAccountOEnum
from waldur_api_client.models.project_kind_enum import ProjectKindEnum
from waldur_api_client.models.service_account_state import ServiceAccountState


@pytest.fixture(scope="module")
def live(alice, pat):
    placed = place(alice)
    finish(pat, placed.uuid)
    return placed.marketplace_resource_uuid


def test_what_staff_set_is_shown(alice, pat, staff, live):
    for flag, body in {
        "paused": ResourcePausedRequest(paused=True),
        "downscaled": ResourceDownscaledRequest(downscaled=True),
        "restrict_member_access": ResourceRestrictMemberAccessRequest(restrict_member_access=True),
    }.items():
        for group in "marketplace_resources", "marketplace_provider_resources":
            assert "flag" in call(group, f"set_{flag}", staff, live, body=body).status
        assert getattr(resource(alice, live), flag) is True
        assert [r.uuid for r in every("marketplace_provider_resources", pat, **{flag: True})] == [live]
        assert refused("marketplace_provider_resources", f"set_{flag}", pat, live, body=body)[0] == 403
    call("marketplace_resources", "set_slug", staff, live, body=ResourceSlugRequest(slug="renamed"))
    call("marketplace_provider_resources", "set_effective_id", pat, live, body=ResourceEffectiveIDRequest(effective_id="e-1"))
    end = datetime.date.today() + datetime.timedelta(days=90)
    call("marketplace_resources", "set_end_date", alice, live, body=ResourceEndDateRequest(end_date=end))
    options = ResourceOptionsRequestOptionsType0.from_dict({"size": "large"})
    assert call("marketplace_resources", "update_options", alice, live, body=ResourceOptionsRequest(options=options)).status
    shown = resource(pat, live)
    assert (shown.slug, shown.effective_id, shown.end_date) == ("renamed", "e-1", end)
    assert shown.options["size"] == "large"


def test_what_no_plugin_stands_behind(alice, pat, live):
    for group, who in ("marketplace_resources", alice), ("marketplace_provider_resources", pat):
        assert call(group, "offering_retrieve", who, live).uuid.hex == env["WALDUR_OFFERING_UUID"]
        assert call(group, "offering_for_subresources_list", who, live) == []
        assert call(group, "details_retrieve", who, live) is None
        assert call(group, "pull", who, live).detail


def test_the_team_is_told_with_its_roles(alice, live):
    team = call("marketplace_resources", "team_members_list", alice, live)
    assert [(m.role_name, [r.role_name for r in m.roles]) for m in team] == [("PROJECT.MEMBER", ["PROJECT.MEMBER"])]


def test_an_unlinked_resource_is_gone(alice, pat, staff):
    placed = place(alice)
    made = placed.marketplace_resource_uuid
    assert call("marketplace_resources", "unlink", alice, made) is None  # 403 is documented
    assert state(pat, placed.uuid) == "pending-provider"
    call("marketplace_provider_resources", "unlink", staff, made)
    for group, who in ("marketplace_resources", alice), ("marketplace_provider_resources", pat), ("marketplace_resources", staff):
        assert refused(group, "retrieve", who, made)[0] == 404
    assert refused("marketplace_orders", "retrieve", pat, placed.uuid)[0] == 404


def test_a_program_has_a_key_of_its_own(alice, carol):
    root = "marketplace_project_service_accounts"
    body = ProjectServiceAccountRequest(project=env["WALDUR_PROJECT_UUID"], preferred_identifier="Nightly jobs")
    made = call(root, "create", alice, body=body)
    assert (made.username, made.state.value, made.project_uuid.hex) == ("nightly-jobs", "OK", env["WALDUR_PROJECT_UUID"])
    assert call("users", "me_retrieve", someone(made.token)).username == "nightly-jobs"
    anew = call(root, "rotate_api_key", alice, made.uuid)
    assert refused("users", "me_retrieve", someone(made.token))[0] == 401
    assert call("users", "me_retrieve", someone(anew.token)).username == "nightly-jobs"
    changed = call(root, "partial_update", alice, made.uuid, body=PatchedProjectServiceAccountRequest(description="at night"))
    assert (changed.description, changed.token) == ("at night", None)
    whole = call(root, "update", alice, made.uuid, body=ProjectServiceAccountRequest(project=None, email="jobs@example.org"))
    assert (whole.description, whole.email) == ("at night", "jobs@example.org")
    assert refused(root, "retrieve", carol, made.uuid)[0] == refused(root, "retrieve", alice, UNKNOWN)[0] == 404
    call(root, "destroy", alice, made.uuid)
    assert refused("users", "me_retrieve", someone(anew.token))[0] == 401
    assert [a.uuid for a in every(root, alice, state=[ServiceAccountState.CLOSED])] == [made.uuid]

    own = call("marketplace_customer_service_accounts", "create", alice, body=CustomerServiceAccountRequest(customer=env["WALDUR_CUSTOMER_UUID"]))
    assert own.token and [a.uuid for a in every("marketplace_customer_service_accounts", alice)] == [own.uuid]
    assert call("marketplace_customer_service_accounts", "count", alice) == 1


def test_a_course_has_accounts_for_those_who_take_it(bob):
    root = "marketplace_course_accounts"
    end = datetime.date.today() + datetime.timedelta(days=90)
    customer = every("customers", bob)[0].url
    course = call("projects", "create", bob, body=ProjectRequest(name="A course", customer=customer, kind=ProjectKindEnum.COURSE, end_date=end))
    who = [CourseAccountCreateNestedRequest(email=f"student{n}@example.org") for n in range(3)]
    made = call(root, "create_bulk", bob, body=CourseAccountsBulkCreateRequest(course_accounts=who, project=course.uuid))
    assert [(a.username, a.state.value, a.project_end_date) for a in made] == [(f"student{n}", "OK", end) for n in range(3)]
    call(root, "destroy", bob, made[1].uuid)
    assert [(a.username, a.state.value) for a in every(root, bob, o=[CourseAccountOEnum.VALUE_7])] == [
        ("student2", "OK"),
        ("student1", "Closed"),
        ("student0", "OK"),
    ]
    assert call(root, "retrieve", bob, made[0].uuid).email == "student0@example.org"
    assert refused(root, "retry", bob, made[0].uuid)[0] == 409
    assert call(root, "count", bob) == 3
