# SPDX-License-Identifier: MIT
"""-l and --target: what is not selected is neither asked, nor planned, nor pruned."""

import json
import unittest

from harness import TestCase, web


class Selected(TestCase):
    def setUp(self):
        super().setUp()
        self.estate.machine_set("db", count=2)
        self.estate.provider("moon", endpoint="http://127.0.0.1:1/starvcenter/services/cloudresource",
                             auth={"tokenEnv": "MOON_TOKEN"})
        self.estate.machine_set("batch", provider="moon", count=1)
        self.label("web", team="shop")

    def label(self, name, **labels):
        path = self.estate._path("MachineSet", name)
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        document["metadata"]["labels"] = labels
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)

    def names(self, *arguments):
        return [action["name"] for action in self.plan(*arguments)["actions"]]

    def test_plan(self):
        """The other provider is away and its token is missing, and neither matters."""
        self.assert_code(1, self.estate.run("plan"))
        self.assertEqual(web(0, 1, 2, 3, 4), self.names("-l", "team=shop"))
        self.assertEqual(web(0, 1, 2, 3, 4), self.names("--target", "MachineSet/web"))
        self.assertEqual(["db-0", "db-1"], self.names("--target", "db"))
        self.assertEqual(["db-0", "db-1"] + web(0, 1, 2, 3, 4), self.names("--target", "star"))
        self.assertEqual(web(0, 1, 2, 3, 4), self.names("--target", "star", "-l", "team=shop"))
        self.assertEqual({"star"}, set(self.plan("--target", "db")["requests"]))

    def test_apply_leaves_the_rest(self):
        self.estate.remove("MachineSet", "batch")
        self.estate.remove("Provider", "moon")
        self.init()
        self.assert_code(0, self.estate.apply("--target", "web"))
        self.assert_names(web(0, 1, 2, 3, 4))
        self.assert_code(0, self.estate.apply("--target", "db"))
        self.assertEqual(["db-0", "db-1"] + web(0, 1, 2, 3, 4), self.simulator.names())
        self.assertEqual("converged", self.estate.status("MachineSet/web")["phase"])
        self.assertEqual("converged", self.estate.status("MachineSet/db")["phase"])

    def test_nothing_is_selected(self):
        for arguments in (["-l", "team=nobody"], ["--target", "nobody"], ["--target", "web-3"]):
            for command in (["plan"], ["apply", "--yes"]):
                with self.subTest(command=command, arguments=arguments):
                    result = self.estate.run(*command, *arguments)
                    self.assert_code(1, result)
                    self.assertEqual("", result.out)
        self.assert_code(64, self.estate.run("plan", "-l", "team"))
        self.assert_no_act()


class Pruned(TestCase):
    def test_nothing_is_pruned(self):
        self.estate.machine_set("db", count=2)
        self.estate.policy(prune=True, maxDeletes="100%")
        self.converge()
        self.estate.remove("MachineSet", "db")
        self.assertEqual(2, self.plan()["summary"]["delete"])
        self.assertEqual(0, self.plan("--target", "web")["summary"]["delete"])
        self.assert_code(0, self.estate.apply("--target", "web"))
        self.assert_no_act()


class Detailed(TestCase):
    def test_exit_codes(self):
        self.init()
        self.assert_code(2, self.estate.run("plan", "--detailed-exitcode"))
        self.assert_code(2, self.estate.run("plan", "--detailed-exitcode", "-o", "markdown"))
        self.converge()
        self.assert_code(0, self.estate.run("plan", "--detailed-exitcode"))
        self.estate.policy(maxDeletes=0)
        self.estate.machine_set(count=4)
        self.assert_code(2, self.estate.run("plan", "--detailed-exitcode"))
        self.simulator.fault("list=500")
        self.assert_code(1, self.estate.run("plan", "--detailed-exitcode"))


if __name__ == "__main__":
    unittest.main()
