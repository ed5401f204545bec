# SPDX-License-Identifier: Apache-2.0
"""What OCSF 1.8.0 demands of a Datastore Activity event with the profile Security Control, written by hand from
https://github.com/ocsf/ocsf-schema, branch v1.8.0: events/base_event.json, events/application/datastore_activity.json,
profiles/security_control.json, the objects named here, and dictionary.json."""
import ipaddress

VERSION = "1.8.0"
ACTIVITIES = {0: "Unknown", 1: "Read", 2: "Update", 3: "Connect", 4: "Query", 5: "Write", 6: "Create", 7: "Delete",
              8: "List", 9: "Encrypt", 10: "Decrypt", 99: "Other"}
SEVERITIES = {0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal", 99: "Other"}
STATUSES = {0: "Unknown", 1: "Success", 2: "Failure", 99: "Other"}
ACTIONS = {0: "Unknown", 1: "Allowed", 2: "Denied", 3: "Observed", 4: "Modified", 99: "Other"}
DISPOSITIONS = {1: "Allowed", 2: "Blocked", 11: "Corrected", 14: "Delayed", 19: "Alert"}  # of 28, those that are ours
DATABASES = {0: "Unknown", 1: "Relational", 2: "Network", 3: "Object Oriented", 4: "Centralized", 5: "Operational",
             6: "NoSQL", 7: "Vector", 8: "Knowledge Graph", 99: "Other"}
OBSERVABLES = {2: "IP Address", 4: "User Name"}

# attribute: type, required. What an event has beside these is a fault.
EVENT = {
    "activity_id": (int, True), "activity_name": (str, False), "category_uid": (int, True), "category_name": (str, False),
    "class_uid": (int, True), "class_name": (str, False), "type_uid": (int, True), "type_name": (str, False),
    "severity_id": (int, True), "severity": (str, False), "status_id": (int, False), "status": (str, False),
    "status_code": (str, False), "status_detail": (str, False), "time": (int, True), "message": (str, False),
    "metadata": (dict, True), "actor": (dict, True), "src_endpoint": (dict, True), "dst_endpoint": (dict, False),
    "database": (dict, False), "query_info": (dict, False), "table": (dict, False), "observables": (list, False),
    "unmapped": (dict, False),
    # of the profile
    "action_id": (int, False), "action": (str, False), "disposition_id": (int, False), "disposition": (str, False),
    "is_alert": (bool, False), "policy": (dict, False),
}
METADATA = {"version": (str, True), "product": (dict, True), "profiles": (list, False), "log_name": (str, False),
            "original_time": (str, False), "original_event_uid": (str, False)}
PRODUCT = {"name": (str, False), "uid": (str, False), "vendor_name": (str, False), "version": (str, False)}
ACTOR = {"user": (dict, False), "session": (dict, False), "app_name": (str, False), "app_uid": (str, False)}
USER = {"name": (str, False), "uid": (str, False), "type_id": (int, False)}
SESSION = {"uid": (str, False)}
ENDPOINT = {"ip": (str, False), "name": (str, False), "hostname": (str, False), "port": (int, False),
            "location": (dict, False), "autonomous_system": (dict, False)}
LOCATION = {"country": (str, True)}
SYSTEM = {"number": (int, True), "name": (str, False)}
DATABASE = {"name": (str, False), "uid": (str, False), "type_id": (int, True), "type": (str, False)}
QUERY = {"name": (str, False), "uid": (str, False), "query_string": (str, True)}
POLICY = {"name": (str, False), "uid": (str, False)}
OBSERVABLE = {"name": (str, False), "type_id": (int, True), "type": (str, False), "value": (str, False)}


def check_object(name, value, attributes, one_of=()):
    for key, (kind, required) in attributes.items():
        assert key in value or not required, f"{name} has no {key}: {value}"
        assert key not in value or type(value[key]) is kind, f"{name}.{key} is {value[key]!r}"
    assert set(value) <= set(attributes), f"{name} has {set(value) - set(attributes)}, which the class has not"
    assert not one_of or set(one_of) & set(value), f"{name} has none of {one_of}: {value}"


def check_pair(event, key, captions, word=None):
    """A number of an enumeration, and its caption."""
    if f"{key}_id" in event:
        assert captions[event[f"{key}_id"]] == event.get(word or key), (key, event)


def look_up(event, path):
    for key in path.split("."):
        event = event[key]
    return event


def check(event):
    """An event as it must be; raises AssertionError."""
    check_object("event", event, EVENT, ("database", "databucket", "table"))
    check_object("metadata", event["metadata"], METADATA)
    check_object("product", event["metadata"]["product"], PRODUCT, ("name", "uid"))
    check_object("actor", event["actor"], ACTOR, ("process", "user", "session", "app_name", "app_uid"))
    check_object("src_endpoint", event["src_endpoint"], ENDPOINT, ("ip", "uid", "name", "hostname"))
    check_object("location", event["src_endpoint"].get("location", {"country": "KR"}), LOCATION)
    check_object("autonomous_system", event["src_endpoint"].get("autonomous_system", {"number": 1}), SYSTEM)
    for key, attributes, one_of in (("database", DATABASE, ("name", "uid")), ("query_info", QUERY, ("name", "uid")),
                                    ("policy", POLICY, ("name", "uid"))):
        if key in event:
            check_object(key, event[key], attributes, one_of)
    if "user" in event["actor"]:
        check_object("user", event["actor"]["user"], USER, ("account", "name", "uid"))
    check_object("session", event["actor"].get("session", {}), SESSION)
    for one in event.get("observables", []):
        check_object("observable", one, OBSERVABLE)
        check_pair(one, "type", OBSERVABLES)
        assert look_up(event, one["name"]) == one["value"], one
    for key, captions in (("severity", SEVERITIES), ("status", STATUSES), ("action", ACTIONS), ("disposition", DISPOSITIONS)):
        check_pair(event, key, captions)
    check_pair(event, "activity", ACTIVITIES, "activity_name")
    check_pair(event["database"], "type", DATABASES)
    assert (event["category_uid"], event["class_uid"]) == (6, 6005), event
    assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], event
    assert (event["metadata"]["version"], event["metadata"]["profiles"]) == (VERSION, ["security_control"]), event
    if "ip" in event["src_endpoint"]:
        ipaddress.ip_address(event["src_endpoint"]["ip"])
