#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/setup.sh on made-up systems: silent and without apt when all is there, exact about what is missing. A fake
apt-cache on the PATH says which compilers the system offers; nothing is ever installed."""

import os
import shutil
import unittest

from tool_case import ToolCase

COMMANDS = ("cmake", "ninja", "ccache", "make", "python3", "node", "npm")
HEADERS = ("gtest/gtest.h", "gmock/gmock.h", "sodium.h", "yaml.h", "Zydis/Zydis.h")


class SetupTest(ToolCase):
    def add(self, *paths):
        for path in paths:
            self.write(f"system/{path}", "")

    def add_clang(self, version):
        self.add(*(f"usr/bin/{name}-{version}" for name in ("clang++", "ld.lld", "clang-format", "clang-tidy")))
        self.add(f"usr/lib/llvm-{version}/bin/llvm-symbolizer",
                 f"usr/lib/llvm-{version}/lib/clang/{version}/lib/linux/libclang_rt.fuzzer-x86_64.a")

    def add_everything(self):
        self.add(*(f"usr/bin/{name}" for name in COMMANDS), *(f"usr/include/{name}" for name in HEADERS))
        self.add_clang(22)

    def setup_sh(self, *arguments, offers=(), **more):
        """Runs it with a PATH that holds only what the script may call."""
        tools = self.tree / "tools"
        tools.mkdir(exist_ok=True)
        for name in ("bash", "env", "id"):
            link = tools / name
            if not link.exists():
                link.symlink_to(shutil.which(name))
        called = self.tree / "apt_was_called"
        for name in ("apt-get", "apt-cache", "sudo"):
            offered = "|".join(offers) or "nothing"
            self.write(f"tools/{name}", f'#!{shutil.which("bash")}\n: >"{called}"\ncase $2 in {offered}) exit 0 ;; esac\nexit 1\n')
            (tools / name).chmod(0o755)
        env = {"PATH": str(tools), "DEWAR_SETUP_ROOT": str(self.tree / "system"), **more}
        (self.tree / "system").mkdir(exist_ok=True)
        code, output = self.run_tool("setup.sh", *arguments, env=env)
        return code, output.strip(), called.exists()

    def packages(self, output):
        prefix = "" if os.getuid() == 0 else "sudo "
        start = prefix + "apt-get install -y --no-install-recommends "
        self.assertTrue(output.startswith(start), output)
        return output[len(start):].split()

    def test_silent_without_apt_when_complete(self):
        self.add_everything()
        self.assertEqual(self.setup_sh(), (0, "", False))

    def test_one_missing_header(self):
        self.add_everything()
        (self.tree / "system/usr/include/sodium.h").unlink()
        code, output, _ = self.setup_sh("--dry-run")
        self.assertEqual((code, self.packages(output)), (1, ["libsodium-dev"]))

    def test_missing_parts_match_the_installed_compiler(self):
        self.add_everything()
        shutil.rmtree(self.tree / "system/usr/lib/llvm-22")
        for path in (self.tree / "system/usr/bin").glob("*-22"):
            path.unlink()
        self.add_clang(19)
        (self.tree / "system/usr/bin/ld.lld-19").unlink()
        code, output, _ = self.setup_sh("--dry-run")
        self.assertEqual((code, self.packages(output)), (1, ["lld-19"]))

    def test_prefers_22_then_the_newest(self):
        for offers, version in ((("clang-19", "clang-22", "clang-23"), 22), (("clang-19", "clang-20"), 20)):
            code, output, _ = self.setup_sh("--dry-run", offers=offers)
            self.assertEqual(code, 1)
            packages = self.packages(output)
            for name in ("clang", "lld", "llvm", "clang-format", "clang-tidy"):
                self.assertIn(f"{name}-{version}", packages)
            self.assertIn(f"libclang-rt-{version}-dev", packages)
            self.assertIn("ninja-build", packages)
            self.assertNotIn("qemu-user", packages)

    def test_own_compiler_needs_no_package(self):
        code, output, _ = self.setup_sh("--dry-run", DEWAR_CXX="/opt/clang/bin/clang++")
        self.assertEqual(code, 1)
        self.assertFalse([name for name in self.packages(output) if "clang" in name or "lld" in name])

    def test_what_tests_compile_with_where_it_is_offered(self):
        self.add_everything()
        self.assertEqual(self.setup_sh("--dry-run", "test"), (0, "", True))
        offers = ("wasi-libc", "libclang-rt-22-dev-wasm32", "libc++-22-dev-wasm32", "libc++abi-22-dev-wasm32")
        code, output, _ = self.setup_sh("--dry-run", "test", offers=offers)
        self.assertEqual((code, self.packages(output)), (1, list(offers)))
        self.add("usr/include/wasm32-wasi/stdio.h", "usr/lib/llvm-22/lib/wasm32-wasi/libc++.a")
        code, output, _ = self.setup_sh("--dry-run", "test", offers=offers[1:])
        self.assertEqual((code, self.packages(output)), (1, [offers[1], offers[3]]))

    def test_the_decoder_of_machine_code_where_it_is_offered(self):
        self.add_everything()
        (self.tree / "system/usr/include/Zydis/Zydis.h").unlink()
        self.assertEqual(self.setup_sh("--dry-run"), (0, "", True))
        code, output, _ = self.setup_sh("--dry-run", offers=("libzydis-dev",))
        self.assertEqual((code, self.packages(output)), (1, ["libzydis-dev"]))

    def test_optional_groups_only_when_asked(self):
        self.add_everything()
        code, output, _ = self.setup_sh("--dry-run", "bench", "aarch64", "fuzz")
        self.assertEqual(code, 1)
        self.assertEqual(self.packages(output),
                         ["wasi-libc", "libclang-rt-22-dev-wasm32", "qemu-user", "g++-aarch64-linux-gnu"])


if __name__ == "__main__":
    unittest.main()
