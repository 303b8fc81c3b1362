"""The vendor's guide for service providers, example by example, each as its client does it and as plain HTTP does.

Runs in the virtual environment of any version of waldur-api-client; `python -m guide` prints what came of each as JSON.
"""
