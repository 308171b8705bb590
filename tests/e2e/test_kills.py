# SPDX-License-Identifier: MIT
"""SIGKILL at every step that lasts, in every shape of work, with the real programs: nothing is made twice, and nothing is lost.

The points are those of reconcile/base/failpoint.h; the shapes are in shapes.py and shapes_links.py. Each shape is walked through undisturbed first, which
tells the points that it passes, then again with a kill at one of them, then with a second kill in the run after the first. A run takes some
kills by chance, and at least one at every point; MUSTER_POINTS=every takes all. MUSTER_SEED repeats a run's choice.
"""

import collections
import concurrent.futures
import os
import random
import re
import traceback
import unittest

from shapes import IN_FLIGHT, SHAPES
from shapes_links import LINK_SHAPES

EVERY = os.environ.get("MUSTER_POINTS") == "every"
SEED = int(os.environ.get("MUSTER_SEED", str(random.randrange(10**6))))
AT_ONCE = 4 * (os.cpu_count() or 1)  # a walk waits more than it works
MORE = 10**6 if EVERY else 4  # kills, beside those that every point and shape need
PASSES = (4, 2)  # of one point in one run, for the first kill and the second; the last one as well

# A second kill comes after these, which leave a call of which more is true than its row says.
DOUBTFUL = ("after-sending:1", "in-flight-done:1", "after-reply:1", "after-accepted:1")

# What these leave undone is done only two minutes later where it shuts a machine down.
UNDONE = ("after-sending", "before-request", "in-flight-undone")

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../reconcile")
CALL_STATES = ("intent", "sending", "accepted", "unknown", "resolved")  # commit_name() in ledger_store_write.c
OTHER_COMMITS = ("answer", "thing", "account")


def points_of_the_sources():
    """The name of every point that is in the program."""
    found = set()
    for folder, _, names in os.walk(SOURCES):
        for name in names:
            if name.endswith(".c"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    found |= {f"{when}-{what}" for when, what in re.findall(r'FAILPOINT\("(\w+)", (?:"(\w+)"|commit_name)', file.read())}
    commits = {name for name in found if name.endswith("-")}
    return (found - commits) | {commit + what for commit in commits for what in CALL_STATES + OTHER_COMMITS}


def kills_in(run, most):
    """The kills that a run with these points could meet: point:pass, the first `most` of each point and the last."""
    passes = collections.Counter(run)
    passes.update({flight: passes["before-request"] for flight in IN_FLIGHT})
    return [f"{name}:{number}" for name, n in passes.items() for number in sorted({*range(1, min(n, most) + 1), n} - {0})]


def point_of(kill):
    return kill.partition(":")[0]


class Walk:
    """One life of a shape with its kills, and how it ended."""

    def __init__(self, shape, *kills):
        self.shape, self.kills = shape, kills
        self.reached, self.runs, self.failure = 0, [], None

    def __str__(self):
        return f"{self.shape.__name__} {' '.join(self.kills) or 'undisturbed'}"

    def run(self):
        case = self.shape()
        try:
            case.setUp()
            self.reached = case.walk(*self.kills)
        except Exception:  # told by the test, with the name of the walk
            self.failure = traceback.format_exc()
        finally:
            self.runs = case.runs
            case.doCleanups()
        return self

    def next_walks(self):
        """With one kill more, in the first run after the last one."""
        if self.failure or self.reached < len(self.kills):
            return []
        if self.kills and (self.shape.patient or self.kills[0] not in DOUBTFUL):
            return []
        kills = kills_in(self.runs[self.reached], PASSES[len(self.kills)])
        return [Walk(self.shape, *self.kills, kill) for kill in kills if EVERY or self.is_quick(kill)]

    def is_quick(self, kill):
        return not self.shape.patient or point_of(kill) not in UNDONE


class Kills(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        self.killed_at = set()
        print(f"MUSTER_SEED={SEED} makes these kills again", flush=True)

    def walk_all(self, walks):
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            for walk in pool.map(Walk.run, walks):
                with self.subTest(walk=str(walk)):
                    self.assertIsNone(walk.failure, walk.failure)
                self.killed_at |= {point_of(kill) for kill in walk.kills[:walk.reached]}
        return walks

    def choose(self, walks):
        """One for each point that has no kill yet and for each shape that has none here, and some more."""
        self.random.shuffle(walks)
        chosen, left, shapes = [], [], set()
        points = set(self.killed_at)
        for walk in walks:
            point = point_of(walk.kills[-1])
            wanted = point not in points or (len(walk.kills) == 1 and walk.shape not in shapes)
            (chosen if wanted else left).append(walk)
            if wanted:
                points.add(point)
                shapes.add(walk.shape)
        return chosen + left[:MORE]

    def test_kill_at_every_point(self):
        undisturbed = self.walk_all([Walk(shape) for shape in SHAPES + LINK_SHAPES])
        first = self.walk_all(self.choose([walk for each in undisturbed for walk in each.next_walks()]))
        second = self.walk_all(self.choose([walk for each in first for walk in each.next_walks()]))
        print(f"{len(undisturbed)} shapes, {len(first)} walks with one kill, {len(second)} with two", flush=True)
        self.assertEqual(points_of_the_sources() | set(IN_FLIGHT), self.killed_at)


if __name__ == "__main__":
    unittest.main()
