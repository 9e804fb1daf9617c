# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A test suite of the script's own, run and summed up.
import io
import unittest
from unittest import mock


def slug(text):
    return "-".join(text.lower().split())


class SlugTest(unittest.TestCase):
    def setUp(self):
        self.samples = {"A B": "a-b", " x ": "x"}

    def test_samples(self):
        for text, wanted in self.samples.items():
            with self.subTest(text=text):
                self.assertEqual(slug(text), wanted)

    def test_wrong(self):
        self.assertEqual(slug("a_b"), "a-b")

    def test_raises(self):
        with self.assertRaisesRegex(AttributeError, "lower"):
            slug(None)

    @unittest.skip("later")
    def test_later(self): ...

    @unittest.expectedFailure
    def test_known(self):
        self.fail("known")


out = io.StringIO()
result = unittest.TextTestRunner(stream=out, verbosity=0).run(unittest.defaultTestLoader.loadTestsFromTestCase(SlugTest))
print(result.testsRun, len(result.failures), len(result.errors), len(result.skipped), len(result.expectedFailures))
print("AssertionError: 'a_b' != 'a-b'" in out.getvalue())
m = mock.Mock(return_value=7, side_effect=None)
print(m(1, k=2), m.call_args, m.called)
with mock.patch("__main__.slug", return_value="patched"):
    print(slug("X"))
