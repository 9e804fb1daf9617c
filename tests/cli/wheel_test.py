#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packages of the Python guest: wheels made here are added, listed, imported, replaced and removed; native, broken and
changed ones are refused, and nothing of a refused one is kept."""

import base64
import hashlib
import io
import os
import pathlib
import zipfile

from cli_case import CliCase, main

MODULE = '''"""A package of the tests."""
import importlib.resources
from .inner import double
VERSION = "{version}"
def text():
    return importlib.resources.files(__name__).joinpath("data.txt").read_text()
def fail():
    raise LookupError("from the package")
'''


def wheel(name="greeting", version="1.0", tag="py3-none-any", pure="true", more=(), requires=(), record=None, omit=(),
          said_name=None):
    """The bytes of a small wheel; `more` are further members, `record` changes RECORD."""
    info = f"{name}-{version}.dist-info"
    files = {f"{name}/__init__.py": MODULE.format(version=version), f"{name}/inner.py": "def double(x):\n    return 2 * x\n",
             f"{name}/data.txt": "the data\n",
             f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {said_name or name}\nVersion: {version}\n"
                                 + "".join(f"Requires-Dist: {r}\n" for r in requires),
             f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"}
    files.update(more)
    lines = []
    for path, text in files.items():
        data = text if isinstance(text, bytes) else text.encode()
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
        lines.append(f"{path},sha256={digest},{len(data)}")
    lines.append(f"{info}/RECORD,,")
    files[f"{info}/RECORD"] = record("\n".join(lines) + "\n") if record else "\n".join(lines) + "\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            if path.split("/")[-1] not in omit:
                archive.writestr(path, text)
    return out.getvalue()


class Wheels(CliCase):
    def setUp(self):
        super().setUp()
        # A store of this test's own, with the interpreter of the shared one.
        installed = pathlib.Path(self.guest_env("python")["DEWAR_HOME"])
        self.home = self.folder / "home-of-guests"
        for path in (installed / "guests/python").glob("*/*.wasm"):
            target = self.home / path.relative_to(installed)
            target.parent.mkdir(parents=True)
            os.symlink(path, target)
        self.env = {"DEWAR_HOME": str(self.home)}

    def add(self, data, name="greeting-1.0-py3-none-any.whl", suffix=""):
        return self.dewar("guest", "add", "python", "--wheel", self.file(name, data) + suffix, env=self.env)

    def kept(self):
        folder = self.home / "guests/python/wheels"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def script(self, text, *options):
        return self.outcome(*options, self.file("script.py", text), env=self.env)

    def test_add_import_list_replace_remove(self):
        data = wheel(requires=("six >= 1.0", 'pytest; extra == "test"', "Zope.Interface"))
        digest = hashlib.sha256(data).hexdigest()
        result = self.add(data, suffix="#sha256=" + digest)
        self.assertEqual((result.status, result.out), (0, f"greeting 1.0 sha256={digest}\n"), result.err)
        self.assertIn("greeting says that it needs six, zope-interface", result.err)
        self.assertNotIn("pytest", result.err)
        self.assertEqual(self.kept(), ["greeting-1.0-py3-none-any.whl", "wheels.json"])
        self.assertIn(f"  wheel\tgreeting\t1.0\t", self.dewar("guest", "list", env=self.env).out)
        text = ("import greeting, importlib.metadata, os, sys\nprint(greeting.double(21), greeting.VERSION, greeting.text(), "
                "importlib.metadata.version('greeting'), sys.path[0], sys.path[-1])\n"
                "try: open('/dewar/.wheels/greeting-1.0-py3-none-any.whl', 'w')\nexcept OSError as e: print(type(e).__name__)\n"
                "print([n for n in os.listdir('/dewar') if n[0] != '.'])\ngreeting.fail()\n")
        outcome = self.script(text)
        self.assertEqual(outcome["stdout"]["text"], "42 1.0 the data\n 1.0 /dewar /dewar/.wheels/greeting-1.0-py3-none-any.whl\n"
                                                    "PermissionError\n['script.py']\n", outcome["stderr"]["text"])
        self.assertEqual((outcome["code"], outcome["error"]["frames"][-1]["function"]), ("guest-exception", "fail"))
        self.assertEqual(outcome["error"]["frames"][-1]["line"], 8)
        self.assertEqual(outcome["operator"]["grants"], [], "nothing of the host is granted by it")
        result = self.add(wheel(version="2.0"), "greeting-2.0-py2.py3-none-any.whl")
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(self.kept(), ["greeting-2.0-py2.py3-none-any.whl", "wheels.json"])
        self.assertEqual(self.script("import greeting\nprint(greeting.VERSION)")["stdout"]["text"], "2.0\n")
        self.assertEqual(self.add(wheel(name="other"), "other-1.0-py3-none-any.whl").status, 0)
        for name, status in (("nothing", 125), ("Greeting", 0), ("other", 0), ("other", 125)):
            result = self.dewar("guest", "remove", "python", "--wheel", name, env=self.env)
            self.assertEqual(result.status, status, result.err)
        self.assertEqual(self.kept(), [])
        self.assertEqual(self.script("import greeting")["error"]["type"], "ModuleNotFoundError")

    def test_native_wheels_are_refused(self):
        for name, data, says in (
                ("greeting-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", wheel(), "manylinux_2_17_x86_64"),
                ("greeting-1.0-py3-abi3-any.whl", wheel(), "abi3"),
                ("greeting-1.0-cp310-none-any.whl", wheel(), "another Python"),
                ("greeting-1.0-py313-none-any.whl", wheel(), "another Python"),
                ("greeting-1.0-py3-none-any.whl", wheel(more={"greeting/fast.cpython-312-x86_64-linux-gnu.so": b"\x7fELF"}), "fast.cpython"),
                ("greeting-1.0-py3-none-any.whl", wheel(more={"greeting/fast.PYD": b"MZ"}), "fast.PYD"),
                ("greeting-1.0-py3-none-any.whl", wheel(pure="false"), "not pure Python"),
                ("greeting-1.0-py3-none-any.whl", wheel(tag="cp312-cp312-linux_x86_64"), "cp312-cp312-linux_x86_64")):
            with self.subTest(name=name, says=says):
                result = self.add(data, name)
                self.assertEqual(result.status, 125)
                self.assertIn("error[wheel-native]", result.err)
                self.assertIn(says, result.err)
                self.assertEqual(self.kept(), [])

    def test_broken_wheels_are_refused(self):
        flipped = bytearray(wheel())
        flipped[60] ^= 0xff
        for data, says in (
                (b"", ""), (b"PK\x05\x06" + bytes(18), ".dist-info"), (b"not an archive", ""), (wheel()[:-40], ""), (bytes(flipped), ""),
                (wheel(more={"../escaped.py": "x"}), "../escaped.py"), (wheel(more={"/etc/x.py": "x"}), "/etc/x.py"),
                (wheel(omit=("RECORD",)), "RECORD"), (wheel(omit=("METADATA",)), "METADATA"),
                (wheel(record=lambda text: text.replace("greeting/inner.py,sha256=", "greeting/inner.py,sha256=A")), "inner.py"),
                (wheel(record=lambda text: "".join(l for l in text.splitlines(True) if "inner" not in l)), "inner.py"),
                (wheel(version="1.1"), "greeting 1.1"), (wheel(said_name="other"), "other 1.0"),
                (wheel(more={"more-1.0.dist-info/x": "x"}), "2 .dist-info"),
                (wheel(more={"greeting-1.0.data/purelib/x.py": "x"}), "greeting-1.0.data"),
                (wheel(more={"greeting/large": bytes(65 << 20)}), "64 MiB")):
            with self.subTest(says=says, size=len(data)):
                result = self.add(data)
                self.assertEqual(result.status, 125)
                self.assertIn("error[wheel-broken]", result.err)
                self.assertIn(says, result.err)
                self.assertEqual(self.kept(), [])
        self.assertFalse((self.folder / "escaped.py").exists())

    def test_names_and_hashes(self):
        for name in ("greeting.whl", "greeting-1.0.whl", "a'b-1.0-py3-none-any.whl", "greeting-1.0-py3-none-any.zip",
                     "a b-1.0-py3-none-any.whl"):
            with self.subTest(name=name):
                self.assertIn("error[wheel-name]", self.add(wheel(), name).err)
        self.assertIn("error[wheel-hash]", self.add(wheel(), suffix="#sha256=" + "0" * 64).err)
        self.assertIn("error[wheel-hash]", self.add(wheel(), suffix="#sha256=").err)
        path = str(self.folder / "none-1.0-py3-none-any.whl")
        self.assertIn("error[file-not-found]", self.dewar("guest", "add", "python", "--wheel", path, env=self.env).err)
        self.assertIn("error[usage-option]", self.dewar("guest", "add", "ruby", "--wheel", path, env=self.env).err)
        self.assertIn("error[guest-missing]", self.add_without_guest().err)
        self.assertEqual(self.kept(), [])

    def add_without_guest(self):
        path = self.file("greeting-1.0-py3-none-any.whl", wheel())
        return self.dewar("guest", "add", "python", "--wheel", path)

    def test_changed_wheels_are_noticed(self):
        self.assertEqual(self.add(wheel()).status, 0)
        stored = self.home / "guests/python/wheels/greeting-1.0-py3-none-any.whl"
        stored.chmod(0o644)
        stored.write_bytes(wheel(more={"greeting/evil.py": "x"}))
        outcome = self.script("print(1)")
        self.assert_outcome(outcome, "refused", "guest-damaged", 126)
        self.assertIn("--wheel", outcome["refusal"]["hint"])
        stored.unlink()
        self.assert_outcome(self.script("print(1)"), "refused", "guest-damaged", 126)
        self.assertEqual(self.add(wheel()).status, 0, "adding it again mends it")
        self.assert_outcome(self.script("import greeting"), "exit", "ok", 0)
        (self.home / "guests/python/wheels/wheels.json").write_text('{"schema": "dewar-wheels/1", "wheels": [{"file": "../x.whl"}]}')
        self.assert_outcome(self.script("print(1)"), "refused", "guest-damaged", 126)
        self.assertEqual(self.dewar("guest", "list", env=self.env).status, 125)


if __name__ == "__main__":
    main()
