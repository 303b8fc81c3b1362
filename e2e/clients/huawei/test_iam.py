"""IAM tokens, which the SDK has no method for: asked for and used as Terraform's layer does, over plain HTTP."""

import datetime

import requests
from conftest import create, ended, new_name, order_list
from desk import env


def token_request(password=None, user=None, scope=None):
    identity = {
        "methods": ["password"],
        "password": {
            "user": {
                "domain": {"name": env["HW_DOMAIN_NAME"]},
                "name": user or env["HW_USER_NAME"],
                "password": password or env["HW_USER_PASSWORD"],
            }
        },
    }
    scope = scope or {"project": {"domain": {"name": env["HW_DOMAIN_NAME"]}, "name": env["HW_PROJECT_NAME"]}}
    return requests.post(f"{env['HW_AUTH_URL']}/auth/tokens", json={"auth": {"identity": identity, "scope": scope}})


def test_a_password_buys_a_token_for_the_project(alice, network, flavors):
    made = create(alice, new_name("iam"), network, (flavors[0], 1))
    ended(alice, made.metadata.labels.os_modelarts_order_name)
    answer = token_request()
    assert answer.status_code == 201 and answer.headers["X-Subject-Token"]
    token = answer.json()["token"]
    assert token["project"]["id"] == env["HUAWEICLOUD_SDK_PROJECT_ID"]
    assert token["user"]["name"] == env["HW_USER_NAME"] and token["project"]["domain"]["name"] == env["HW_DOMAIN_NAME"]
    span = datetime.datetime.fromisoformat(token["expires_at"]) - datetime.datetime.fromisoformat(token["issued_at"])
    assert datetime.timedelta(hours=23) < span <= datetime.timedelta(hours=24)

    url = f"{env['MODELARTS_ENDPOINT']}/v1/{env['HUAWEICLOUD_SDK_PROJECT_ID']}/orders"
    listed = requests.get(url, headers={"X-Auth-Token": answer.headers["X-Subject-Token"]}, params={"limit": 500})
    assert listed.status_code == 200 and listed.json() == order_list(alice, limit=500)


def test_a_token_for_the_domain_and_for_a_project_by_its_id():
    assert token_request(scope={"domain": {"name": env["HW_DOMAIN_NAME"]}}).status_code == 201
    by_id = token_request(scope={"project": {"id": env["HUAWEICLOUD_SDK_PROJECT_ID"]}})
    assert by_id.status_code == 201 and by_id.json()["token"]["project"]["name"] == env["HW_PROJECT_NAME"]


def test_wrong_passwords_users_and_tokens():
    for answer in (token_request(password="wrong"), token_request(user="nobody")):
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == 401 and answer.json()["error"]["title"] == "Unauthorized"
        assert "X-Subject-Token" not in answer.headers
    url = f"{env['MODELARTS_ENDPOINT']}/v1/{env['HUAWEICLOUD_SDK_PROJECT_ID']}/orders"
    for headers in ({}, {"X-Auth-Token": "forged"}):
        answer = requests.get(url, headers=headers)
        assert answer.status_code == 401 and answer.json()["error_code"] and answer.json()["error_msg"]
