# SPDX-License-Identifier: MIT
"""The source tree keeps the house's order, and the rules see a tree that does not."""

import os
import tempfile
import unittest

import rules

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LICENCE = "/* SPDX-License-Identifier: MIT */\n"

# A tree that keeps every rule; each bad tree is this one with one thing wrong.
GOOD = {
    "CMakeLists.txt": "# SPDX-License-Identifier: MIT\n",
    "reconcile/base/text.h": LICENCE,
    "reconcile/base/json.h": LICENCE + "#include <jansson.h>\n",
    "reconcile/io/db.c": LICENCE + '#include <sqlite3.h>\n#include "reconcile/io/db.h"\n',
    "reconcile/io/db.h": LICENCE + '#include "reconcile/base/text.h"\n',
    "reconcile/plan.h": LICENCE + '#include "reconcile/base/text.h"\n',
    "reconcile/runner.c": LICENCE + '#include "reconcile/io/db.h"\n#include "reconcile/plan.h"\n',
    "reconcile/ledger_store_rows.c": LICENCE + '#include "reconcile/io/db.h"\n',
    "specs/specs.h": LICENCE + '#include "reconcile/plan.h"\n',
    "providers/simulator.h": LICENCE + '#include "reconcile/base/json.h"\n',
    "providers/providers.c": LICENCE + '#include "providers/acme/acme.h"\n',
    "providers/acme/acme.h": LICENCE,
    "providers/acme/codec.c": LICENCE + '#include "providers/acme/acme.h"\n#include "reconcile/plan.h"\n',
    "providers/acme/sim.c": LICENCE + '#include "providers/acme/acme.h"\n#include "providers/acme/sim.h"\n',
    "providers/acme/sim.h": LICENCE + '#include "providers/simulator.h"\n',
    "cmd/main.c": LICENCE + '#include "specs/specs.h"\n#include "providers/simulator.h"\n',
    "tests/test_plan.c": LICENCE + '#include "providers/acme/sim.h"\n#include <jansson.h>\n',
    "examples/run": "#!/bin/sh\n# SPDX-License-Identifier: MIT\n",
    "build/x/generated.c": "int x;\n",
}


def function(name, lines):
    return f"int {name}(void)\n{{\n" + "        x();\n" * (lines - 3) + "}\n"


class TheTree(unittest.TestCase):
    def test_keeps_the_rules(self):
        found = rules.complaints(ROOT)
        self.assertEqual([], found, "\n" + "\n".join(found))

    def test_was_read(self):
        tree = rules.Tree(ROOT)
        self.assertGreater(len(list(tree.code())), 50)
        self.assertGreater(len(list(tree.includes())), 200)
        self.assertGreater(sum(len(list(rules.functions(lines))) for _, lines in tree.code()), 300)


class TheRules(unittest.TestCase):
    def complaints(self, changes):
        with tempfile.TemporaryDirectory() as root:
            for path, text in (GOOD | changes).items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            return rules.complaints(root)

    def assert_seen(self, place, changes):
        found = self.complaints(changes)
        self.assertEqual(1, len(found), found)
        self.assertTrue(found[0].startswith(place + ": "), found[0])

    def include(self, path, name):
        """GOOD with one more include at the end of a file, and where that is."""
        text = GOOD[path] + f"#include {name}\n"
        return f"{path}:{text.count(chr(10))}", {path: text}

    def test_good_tree(self):
        self.assertEqual([], self.complaints({}))

    def test_layers(self):
        for path, name in [
            ("reconcile/base/text.h", '"reconcile/plan.h"'),
            ("reconcile/base/text.h", '"reconcile/io/db.h"'),
            ("reconcile/io/db.h", '"reconcile/plan.h"'),
            ("reconcile/plan.h", '"reconcile/io/db.h"'),
            ("reconcile/plan.h", '"specs/specs.h"'),
            ("reconcile/runner.c", '"providers/simulator.h"'),
            ("specs/specs.h", '"providers/simulator.h"'),
            ("providers/acme/codec.c", '"specs/specs.h"'),
            ("providers/simulator.h", '"cmd/main.c"'),
        ]:
            with self.subTest(path=path, name=name):
                self.assert_seen(*self.include(path, name))

    def test_includes_are_named_from_the_root(self):
        self.assert_seen(*self.include("reconcile/io/db.h", '"db.h"'))
        self.assert_seen(*self.include("reconcile/plan.h", '"reconcile/base/none.h"'))

    def test_vendors(self):
        for path, name in [
            ("cmd/main.c", '"providers/acme/acme.h"'),
            ("providers/acme/codec.c", '"providers/acme/sim.h"'),
            ("providers/acme/sim.c", '"reconcile/plan.h"'),
        ]:
            with self.subTest(path=path, name=name):
                self.assert_seen(*self.include(path, name))

    def test_third_party(self):
        self.assert_seen(*self.include("reconcile/runner.c", "<sqlite3.h>"))
        self.assert_seen(*self.include("specs/specs.h", "<jansson.h>"))

    def test_lengths(self):
        most = LICENCE + function("most", rules.FUNCTION_LINES_MAX)
        self.assertEqual([], self.complaints({"cmd/main.c": most}))
        self.assert_seen("cmd/main.c:2", {"cmd/main.c": LICENCE + function("more", rules.FUNCTION_LINES_MAX + 1)})
        self.assertEqual([], self.complaints({"cmd/main.c": LICENCE + "\n" * (rules.FILE_LINES_MAX - 1)}))
        self.assert_seen("cmd/main.c:1", {"cmd/main.c": LICENCE + "\n" * rules.FILE_LINES_MAX})

    def test_licences(self):
        for path, text in [
            ("cmd/main.c", "int x;\n"),
            ("tests/test_plan.c", "int x;\n"),
            ("tests/tool.py", "pass\n"),
            ("examples/run", "#!/bin/sh\ntrue\n"),
            ("CMakeLists.txt", "project(x)\n"),
        ]:
            with self.subTest(path=path):
                self.assert_seen(f"{path}:1", {path: text})

    def test_folders(self):
        self.assert_seen("docs:1", {"docs/page.md": "words\n"})


if __name__ == "__main__":
    unittest.main()
