# SPDX-License-Identifier: MIT
"""PROMISES.md names tests that are there, and leaves no fault out."""

import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
ROW = re.compile(r"^\| (\d+) \| .* \| (.*) \|$")
FAULTS = 61


def complaints(page, read):
    """What is wrong with the page. `read` gives the text of a test by its name, "e2e/agent", or None."""
    numbers = []
    for line in page.splitlines():
        match = ROW.match(line)
        if not match:
            continue
        numbers.append(int(match[1]))
        if match[2].startswith("not built: "):
            continue
        for part in match[2].split("; "):
            name, _, tests = part.partition(": ")
            text = read(name)
            if text is None:
                yield f"{match[1]}: there is no {name}"
                continue
            for test in re.findall(r"`(\w+)`", tests) or [""]:
                if not test or not re.search(rf"\b{test}\b", text):
                    yield f"{match[1]}: {name} has no {test or 'test'}"
    if numbers != list(range(1, FAULTS + 1)):
        yield f"the faults are not numbered from 1 to {FAULTS}"


def read_test(name):
    folder, _, base = name.rpartition("/")
    for ending in (".c", ".py"):
        path = os.path.join(ROOT, "tests", folder, f"test_{base}{ending}")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if ending == ".py":  # what several of these share stands beside them
                with open(os.path.join(ROOT, "tests", folder, "vendors.py"), encoding="utf-8") as file:
                    text += file.read()
            return text
    return None


class Promises(unittest.TestCase):
    def test_the_page_is_true(self):
        with open(os.path.join(ROOT, "PROMISES.md"), encoding="utf-8") as file:
            self.assertEqual([], list(complaints(file.read(), read_test)))

    def test_mistakes_are_found(self):
        rows = [f"| {number} | what | a/b: `test` |" for number in range(1, FAULTS + 1)]
        read = {"a/b": "def test():"}.get
        self.assertEqual([], list(complaints("\n".join(rows), read)))
        for wrong in ("| 5 | what | a/c: `test` |", "| 5 | what | a/b: `other` |", "| 5 | what | a/b: |", "| 6 | what | a/b: `test` |"):
            self.assertEqual(1, len(list(complaints("\n".join(rows[:4] + [wrong] + rows[5:]), read))), wrong)


if __name__ == "__main__":
    unittest.main()
