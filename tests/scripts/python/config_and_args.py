# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# argparse, configparser, string templates, shlex, a logger to standard output.
import argparse
import configparser
import logging
import shlex
import string
import sys

parser = argparse.ArgumentParser(prog="tool")
parser.add_argument("files", nargs="+")
parser.add_argument("-n", "--number", type=int, default=1)
parser.add_argument("--mode", choices=["fast", "slow"], default="fast")
parser.add_argument("-v", action="count", default=0)
print(parser.parse_args(shlex.split("a.txt 'b c.txt' -n 5 -vv --mode=slow")))
try:
    parser.parse_args(["x", "-n", "many"])
except SystemExit as e:
    print("exit", e.code)
config = configparser.ConfigParser()
config.read_string("[DEFAULT]\nroot = /srv\n[web]\nport = 8080\ndebug = yes\npath = %(root)s/www\n")
web = config["web"]
print(web.getint("port"), web.getboolean("debug"), web["path"], config.sections(), web.get("none", "fallback"))
print(string.Template("$who likes ${what}, $$5").substitute(who="Ada", what="tea"),
      string.Template("$a $b").safe_substitute(a=1))
print(shlex.quote("it's"), shlex.join(["a b", "c"]))
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
log = logging.getLogger("app.db")
log.info("connected to %s", "memory")
log.debug("hidden")
try:
    1 / 0
except ZeroDivisionError:
    log.error("failed", exc_info=False)
