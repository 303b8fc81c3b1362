"""Writes vectors.json beside itself: requests as the vendors' own clients signed and sent them, byte for byte.

    python3 -m venv V && V/bin/pip install botocore==1.44.5 huaweicloudsdkcore==3.1.219 && V/bin/python vectors.py

A socket on the loopback records what arrives; the clients' clocks are stopped.
"""
import datetime
import json
import pathlib
import socket
import threading

import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.httpsession
import botocore.session
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.client import Client, ClientBuilder
from huaweicloudsdkcore.http.http_config import HttpConfig

ACCESS, SECRET = "AKDOCKET000000000016", "3f0c6c0f2a7f4a43b6d1f3a9c1e5b7d9+/SECRET"
AT = datetime.datetime(2026, 11, 24, 10, 20, 30, tzinfo=datetime.timezone.utc)
STAMP = AT.strftime("%Y%m%dT%H%M%SZ")
PORT = 18777
URL = f"http://127.0.0.1:{PORT}"
ARN = "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
ODD = "a b+c/d=e&f?g#h%i~*'()!é漢😀"

heard = []


def listen():
    """Answers every request with {} and keeps its bytes."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", PORT))
    s.listen()
    while True:
        c, _ = s.accept()
        c.settimeout(5)
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += c.recv(65536)
        head = raw.partition(b"\r\n\r\n")[0].lower()
        size = 0
        for line in head.split(b"\r\n"):
            if line.startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        while len(raw.partition(b"\r\n\r\n")[2]) < size:
            raw += c.recv(65536)
        heard.append(raw)
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        c.close()


def aws(token=None):
    botocore.auth.get_current_datetime = lambda *a, **k: AT
    session = botocore.session.Session()
    client = session.create_client("outposts", region_name="us-east-1", endpoint_url=URL,
                                   aws_access_key_id=ACCESS, aws_secret_access_key=SECRET, aws_session_token=token,
                                   config=botocore.config.Config(retries={"max_attempts": 0}))
    return client


def aws_direct(method, target, body=b"", headers=None, region="eu-north-1"):
    """Signs and sends what the client's own operations never would."""
    r = botocore.awsrequest.AWSRequest(method=method, url=URL + target, data=body, headers=headers or {})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(ACCESS, SECRET), "outposts", region).add_auth(r)
    botocore.httpsession.URLLib3Session().send(r.prepare())


def huawei():
    config = HttpConfig.get_default_config()
    config.timeout = (5, 5)
    return (ClientBuilder(Client).with_http_config(config).with_endpoint(URL)
            .with_credentials(BasicCredentials(ACCESS, SECRET, "0123456789abcdef0123456789abcdef")).build())


def main():
    threading.Thread(target=listen, daemon=True).start()
    vectors = []

    def record(scheme, name, call):
        before = len(heard)
        try:
            call()
        except Exception as e:  # an empty answer pleases no client; what it sent is what counts
            if len(heard) == before:
                raise
            del e
        vectors.append({"scheme": scheme, "name": name, "raw": heard[before].decode("latin-1")})

    a = aws()
    v4 = [
        ("an ARN in the path", lambda: a.get_outpost(OutpostId=ARN)),
        ("odd characters in the path", lambda: a.get_site(SiteId=ODD)),
        ("an ARN and odd tag keys", lambda: a.untag_resource(ResourceArn=ARN, TagKeys=[ODD, "b", "a", "A", "=", "~"])),
        ("repeated values unsorted", lambda: a.list_sites(OperatingAddressCityFilter=["Zürich", "Århus", "New York", "a+b", "~", "*"], OperatingAddressCountryCodeFilter=["US", "DE"])),
        ("a token with slashes", lambda: a.list_orders(NextToken="1##abc/+=", MaxResults=5)),
        ("a JSON body", lambda: a.create_order(OutpostIdentifier=ARN, PaymentOption="ALL_UPFRONT", LineItems=[{"CatalogItemId": "OR-ABCDEFG", "Quantity": 1}])),
        ("UTF-8 in a body", lambda: a.create_site(Name="Zürich", Notes=ODD)),
        ("a POST without a body", lambda: a.cancel_order(OrderId="oo-0123456789abcdef0")),
        ("no query at all", lambda: a.list_outposts()),
        ("empty values", lambda: aws_direct("GET", "/sites?b=&a=&a=1&c")),
        ("names that begin alike", lambda: aws_direct("GET", "/sites?a=1&a-b=2&a%20=3&A=4&a=~&a=%21")),
        ("a prefix in the path", lambda: aws_direct("GET", "/aws/prefix/outposts/a%2Fb%20c")),
        ("blanks inside a header", lambda: aws_direct("PUT", "/sites/x/address", b'{"a":1}', {"Content-Type": "application/json", "X-Note": "  a   b  "})),
        ("another region", lambda: aws_direct("DELETE", "/sites/x", region="cn-north-1")),
    ]
    for name, call in v4:
        record("sigv4", name, call)
    record("sigv4 session", "a session token", lambda: aws("session/token+=").list_outposts())

    h = huawei()

    def sdk(method, path, query=(), body=None, headers=None, params=None):
        return lambda: h.do_http_request(method=method, resource_path=path, path_params=params or {}, query_params=list(query),
                                         header_params={"X-Sdk-Date": STAMP, **(headers or {"Content-Type": "application/json"})},
                                         body=body, response_type="object", cname=None, post_params=[], collection_formats={},
                                         request_type=None)

    pool = "/v2/{project_id}/pools"
    for name, call in [
        ("a list", sdk("GET", pool)),
        ("odd characters in the path", sdk("GET", pool + "/{pool_name}", params={"pool_name": ODD})),
        ("an ARN in the path", sdk("GET", pool + "/{pool_name}", params={"pool_name": ARN})),
        ("odd characters in the query", sdk("GET", pool, [("labelSelector", "os.modelarts/name=pool a,b in (c)"), ("z", ODD), ("Z", "1")])),
        ("repeated values unsorted", sdk("GET", pool, [("status", ["b", "a", "~", "é", "B", "+"])])),
        ("an empty value", sdk("GET", pool, [("workspaceId", ""), ("limit", 0)])),
        ("a JSON body", sdk("POST", pool, body={"kind": "Pool", "metadata": {"labels": {"os.modelarts/name": "pool é 漢"}}})),
        ("a body that is not signed", sdk("PATCH", pool + "/{pool_name}", params={"pool_name": "p"}, body={"spec": {}}, headers={"Content-Type": "application/merge-patch+json"})),
        ("no body where none would be signed", sdk("GET", pool, headers={"Content-Type": "application/merge-patch+json"})),
        ("a slash at the end", sdk("GET", "/v3/projects/", [("name", "cn-north-4")])),
    ]:
        record("sdkhmac", name, call)

    out = pathlib.Path(__file__).with_name("vectors.json")
    out.write_text(json.dumps({"access": ACCESS, "secret": SECRET, "at": STAMP, "vectors": vectors}, indent=1) + "\n")
    print(len(vectors), "vectors")


main()
