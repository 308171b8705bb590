# SPDX-License-Identifier: MIT
"""What the house's order is, as rules over a tree of source files.

Each rule is a function that takes a Tree and yields complaints, "FILE:LINE: what is wrong". A tree is good when there is none.
"""

import os
import re

# Each folder with the layers that its files may include; the longest folder that fits a file is its own.
LAYERS = {
    "reconcile/base": ["reconcile/base"],
    "reconcile/io": ["reconcile/base", "reconcile/io"],
    "reconcile": ["reconcile/base", "reconcile"],
    "specs": ["reconcile/base", "reconcile/io", "reconcile", "specs"],
    "providers": ["reconcile/base", "reconcile/io", "reconcile", "providers"],
    "cmd": ["reconcile/base", "reconcile/io", "reconcile", "specs", "providers", "cmd"],
}

FOLDERS = {"cmd", "reconcile", "providers", "specs", "tests", "examples"}

# The files of reconcile/ that reach outside: the runner, and the ledger's storage.
WITH_IO = re.compile(r"reconcile/(runner|ledger_store\w*)\.[ch]$")

THIRD_PARTY = re.compile(r"(curl/|systemd/|openssl/|sqlite3\.h$|microhttpd\.h$|yaml\.h$|jansson\.h$|yajl/)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

FUNCTION_LINES_MAX = 80
FILE_LINES_MAX = 600


class Tree:
    """The source files below a root: path from there -> list of lines."""

    def __init__(self, root):
        self.root = root
        self.top = sorted(
            name for name in os.listdir(root)
            if os.path.isdir(os.path.join(root, name)) and not name.startswith((".", "build"))
        )
        self.files = {}
        for folder in self.top + [".ci"]:
            for parent, folders, names in os.walk(os.path.join(root, folder)):
                folders[:] = [name for name in folders if name != "__pycache__"]
                for name in names:
                    self._add(os.path.relpath(os.path.join(parent, name), root))
        self._add("CMakeLists.txt")

    def _add(self, path):
        full = os.path.join(self.root, path)
        if not os.path.isfile(full):
            return
        if path.endswith((".c", ".h", ".py", "CMakeLists.txt")) or _is_script(full):
            with open(full, encoding="utf-8") as file:
                self.files[path] = file.read().splitlines()

    def code(self, tests=False):
        """The C files, without those of the tests unless they are asked for."""
        for path, lines in sorted(self.files.items()):
            if path.endswith((".c", ".h")) and (tests or not path.startswith("tests/")):
                yield path, lines

    def includes(self):
        """(path, line number, name, is it of this project) for each #include outside the tests."""
        for path, lines in self.code():
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                if match:
                    yield path, number, match[2], match[1] == '"'


def _is_script(full):
    with open(full, "rb") as file:
        return file.read(2) == b"#!"


def layer_of(path):
    """The layer that a file is in; None: it is in none."""
    fits = [folder for folder in LAYERS if path.startswith(folder + "/")]
    return max(fits, key=len, default=None)


def vendor_of(path):
    """The vendor in whose folder a file is; None: in none."""
    match = re.match(r"providers/(\w+)/", path)
    return match[1] if match else None


def check_layers(tree):
    for path, number, name, own in tree.includes():
        if not own:
            continue
        target = layer_of(name)
        if target is None or name not in tree.files:
            yield f'{path}:{number}: "{name}" is no file, named from the root, of a layer'
        elif target == "reconcile/io" and WITH_IO.match(path):
            continue
        elif target not in LAYERS[layer_of(path)]:
            yield f'{path}:{number}: "{name}" is not of a layer below {layer_of(path)}'


def check_vendors(tree):
    """A vendor is known to its own folder and to the table of vendors, and its simulator shares nothing with its codec."""
    for path, number, name, own in tree.includes():
        vendor = vendor_of(name)
        if own and vendor and vendor_of(path) != vendor and path != "providers/providers.c":
            yield f'{path}:{number}: "{name}" is a vendor\'s own; only providers/providers.c names vendors'
        if not own or vendor_of(path) is None:
            continue
        is_simulator = os.path.basename(path).startswith("sim")
        of_simulator = vendor is not None and os.path.basename(name).startswith("sim")
        if is_simulator and not (
            name.startswith("reconcile/base/") or of_simulator
            or name in ("providers/simulator.h", "providers/plain_call.h", "providers/records.h")
            or name == f"providers/{vendor}/{vendor}.h"
        ):
            yield f'{path}:{number}: "{name}" is nothing that a simulator may share'
        if not is_simulator and of_simulator:
            yield f'{path}:{number}: "{name}" is the simulator\'s, which the codec must not know'


def check_third_party(tree):
    users = {}
    for path, number, name, own in tree.includes():
        library = None if own else THIRD_PARTY.match(name)
        if not library:
            continue
        user = users.setdefault(library[1], path)
        if user != path:
            yield f"{path}:{number}: <{name}> belongs to {user}; a library has one file that includes it"


def functions(lines):
    """(first line, number of lines, name) of each function, which the formatter has made easy to see."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            first = start
            while first > 1 and lines[first - 2] and not lines[first - 2].endswith(("}", ";", "*/")):
                first -= 1
            signature = " ".join(lines[first - 1:start - 1])
            name = re.search(r"(\w+)\s*\(", signature)
            yield first, number - first + 1, name[1] if name else signature
            start = None


def check_lengths(tree):
    for path, lines in tree.code():
        if len(lines) > FILE_LINES_MAX:
            yield f"{path}:1: {len(lines)} lines; a file has at most {FILE_LINES_MAX}"
        for first, length, name in functions(lines):
            if length > FUNCTION_LINES_MAX:
                yield f"{path}:{first}: {name}() has {length} lines; a function has at most {FUNCTION_LINES_MAX}"


def check_licences(tree):
    for path, lines in sorted(tree.files.items()):
        if not any("SPDX-License-Identifier: MIT" in line for line in lines[:2]):
            yield f"{path}:1: the first line lacks SPDX-License-Identifier: MIT"


def check_folders(tree):
    for name in tree.top:
        if name not in FOLDERS:
            yield f"{name}:1: is no folder of this house; there are {', '.join(sorted(FOLDERS))}"


RULES = [check_layers, check_vendors, check_third_party, check_lengths, check_licences, check_folders]


def complaints(root):
    tree = Tree(root)
    return [complaint for rule in RULES for complaint in rule(tree)]
