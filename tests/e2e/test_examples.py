# SPDX-License-Identifier: MIT
"""The repositories under examples/ are right, and converge on the simulators of their vendors."""

import os
import re
import shutil
import unittest

from harness import TOKEN, TestCase

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples")
ARGUMENTS = {"jimv": ["--variant", "0.8"]}
PROVIDER = re.compile(r"^( +type: (\w+)\n +endpoint: )(\S+)", re.MULTILINE)


class Examples(TestCase):
    def take(self, example):
        """Copies the example's specs, with a simulator in the place of every vendor."""
        shutil.rmtree(self.estate.specs)
        shutil.copytree(os.path.join(EXAMPLES, example), self.estate.specs)
        for name in ("STAR_TOKEN", "FINOVY_TOKEN", "JIMV_PASSWORD"):
            self.estate.environment[name] = TOKEN
        simulators = {}

        def serve(match):
            vendor = match[2]
            simulators[vendor] = self.start_simulator(
                *ARGUMENTS.get(vendor, []), vendor=vendor, token=None if vendor == "opendcp" else TOKEN)
            return match[1] + simulators[vendor].endpoint + "\n  settle: 2s\n"

        for name in os.listdir(self.estate.specs):
            if name.endswith(".yaml"):
                path = os.path.join(self.estate.specs, name)
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                with open(path, "w", encoding="utf-8") as file:
                    file.write(PROVIDER.sub(serve, text))
        return simulators

    def assert_converges(self, example, **counts):
        simulators = self.take(example)
        self.assert_code(0, self.estate.run("apply", "--init", "--yes"))
        self.assertEqual(counts, {vendor: len(simulator.machines()) for vendor, simulator in simulators.items()})
        result = self.estate.run("plan", "--detailed-exitcode")
        self.assert_code(0, result)
        self.assertEqual("", result.err)

    def test_starvcenter(self):
        self.assert_converges("starvcenter", starvcenter=7)

    def test_shop(self):
        self.assert_converges("shop", starvcenter=5)

    def test_quickstart(self):
        self.assert_converges("quickstart/specs", starvcenter=5)

    def test_opendcp(self):
        self.assert_converges("opendcp", opendcp=3)

    def test_finovy(self):
        self.assert_converges("finovy", finovy=4)

    def test_jimv(self):
        self.assert_converges("jimv", jimv=2)

    def test_four(self):
        self.assert_converges("four", starvcenter=3, opendcp=4, finovy=2, jimv=2)


if __name__ == "__main__":
    unittest.main()
