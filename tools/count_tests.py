#!/usr/bin/env python3
"""Counts the test cases of one Bazel call: prints "PASSED FAILED".

usage: count_tests.py BUILD_EVENTS

BUILD_EVENTS is what --build_event_json_file wrote. A case is a <testcase> of a
test's XML. A test that fails without naming a case (a crash, a timeout) and a
target that does not build are one failed case each; all failures are named on
stderr.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree


def read_events(path):
    """The events of the file. Bazel may end in the middle of the last one."""
    events = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            try:
                events.append(json.loads(line))
            except json.JSONDecodeError:
                break
    return events


def last_attempts(events):
    """(label, result) of each test run: a flaky test's last attempt is what counts."""
    runs = {}
    for event in events:
        key = event["id"].get("testResult")
        if key and "testResult" in event:
            run = (key["label"], key.get("run"), key.get("shard"))
            attempt = key.get("attempt", 1)
            if run not in runs or attempt >= runs[run][0]:
                runs[run] = (attempt, event["testResult"])
    return [(run[0], result) for run, (_, result) in runs.items()]


def unbuilt_targets(events):
    """Labels of the targets that did not build."""
    labels = []
    for event in events:
        key = event["id"].get("targetCompleted") or event["id"].get("configuredLabel")
        completed = event.get("completed", {"success": True})
        aborted = event.get("aborted", {"reason": "SKIPPED"})
        if key and not (completed.get("success") and aborted.get("reason") == "SKIPPED"):
            labels.append(key["label"])
    return sorted(set(labels))


def xml_cases(result):
    """(name, failed) of each case that ran; None where the test left no readable XML."""
    for output in result.get("testActionOutput", []):
        if output["name"] != "test.xml":
            continue
        path = urllib.parse.unquote(urllib.parse.urlparse(output.get("uri", "")).path)
        try:
            cases = ElementTree.parse(path).iter("testcase")
        except (OSError, ElementTree.ParseError):
            continue
        return [
            (
                "{}.{}".format(case.get("classname", ""), case.get("name", "")).strip("."),
                case.find("failure") is not None or case.find("error") is not None,
            )
            for case in cases
            if case.get("status") != "notrun"
            and case.get("result") != "skipped"
            and case.find("skipped") is None
        ]
    return None


def count_run(label, result):
    """(passed, names of what failed) of one run of a test."""
    succeeded = result["status"] in ("PASSED", "FLAKY")
    cases = xml_cases(result)
    if cases is None:
        cases = [("left no XML", False)] if succeeded else []
    failed = ["{} {}".format(label, name) for name, case_failed in cases if case_failed]
    passed = len(cases) - len(failed)
    if not succeeded and not failed:
        failed = ["{} {}".format(label, result["status"])]
    return passed, failed


def main(arguments):
    if len(arguments) != 1:
        print("usage: count_tests.py BUILD_EVENTS", file=sys.stderr)
        return 2
    try:
        events = read_events(arguments[0])
    except OSError as error:
        print("count_tests: {}".format(error), file=sys.stderr)
        return 1
    passed = 0
    failed = ["{} did not build".format(label) for label in unbuilt_targets(events)]
    for label, result in last_attempts(events):
        run_passed, run_failed = count_run(label, result)
        passed += run_passed
        failed += run_failed
    for name in failed:
        print("failed: " + name, file=sys.stderr)
    print(passed, len(failed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
