# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Looks into a wheel before it is stored: run by `dewar guest add python --wheel` in the sandbox, so that a hostile archive
# meets nothing of the host's. Prints one line of JSON: {"fault": "", "why": "", "requires": [...]}; fault is "native" or
# "broken" if the wheel is refused. Nothing of the wheel is run.
import base64
import csv
import email
import hashlib
import io
import json
import re
import sys
import zipfile

MAX_BYTES = 64 << 20
NATIVE = re.compile(r"\.(so|pyd|dylib|dll|a|lib)(\.\d+)*$", re.I)


class Refused(Exception):
    pass


def normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def check(path, name, version):
    archive = zipfile.ZipFile(path)
    members = archive.infolist()
    if sum(member.file_size for member in members) > MAX_BYTES:
        raise Refused("broken", f"it unpacks to more than {MAX_BYTES >> 20} MiB")
    for member in members:
        parts = member.filename.split("/")
        if member.filename.startswith("/") or ".." in parts or "\\" in member.filename or "\0" in member.orig_filename:
            raise Refused("broken", f"it holds the name {member.filename!r}")
        if NATIVE.search(member.filename):
            raise Refused("native", f"it holds native code: {member.filename}")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & 1:
            raise Refused("broken", f"{member.filename} is compressed or encrypted in a way that Python cannot import")
        if len(parts) > 2 and parts[0].endswith(".data") and parts[1] in ("purelib", "platlib"):
            raise Refused("broken", f"{parts[0]} would have to be installed by unpacking")
    infos = {member.filename.split("/")[0] for member in members if "/" in member.filename}
    infos = [info for info in infos if info.endswith(".dist-info")]
    if len(infos) != 1:
        raise Refused("broken", f"it holds {len(infos)} .dist-info folders instead of one")
    names = [member.filename for member in members]
    if len(set(names)) != len(names):
        raise Refused("broken", "it holds a name twice")
    text = {}
    for file in ("WHEEL", "METADATA", "RECORD"):
        if f"{infos[0]}/{file}" not in names:
            raise Refused("broken", f"it holds no {file}")
        text[file] = archive.read(f"{infos[0]}/{file}").decode("utf-8")
    wheel, metadata = email.message_from_string(text["WHEEL"]), email.message_from_string(text["METADATA"])
    if (wheel["Root-Is-Purelib"] or "").strip().lower() != "true":
        raise Refused("native", "it says that it is not pure Python (Root-Is-Purelib)")
    for tag in wheel.get_all("Tag", []):
        if not tag.strip().endswith("-none-any"):
            raise Refused("native", f"it is tagged {tag.strip()}")
    if normalized(metadata["Name"] or "") != normalized(name) or (metadata["Version"] or "").strip() != version:
        raise Refused("broken", f"it says that it is {metadata['Name']} {metadata['Version']}")
    recorded = set()
    for row in csv.reader(io.StringIO(text["RECORD"])):
        if len(row) != 3:
            raise Refused("broken", "its RECORD is not readable")
        recorded.add(row[0])
        if not row[1]:
            continue
        kind, _, wanted = row[1].partition("=")
        if kind not in ("sha256", "sha384", "sha512") or row[0] not in names:
            raise Refused("broken", f"its RECORD does not fit {row[0]}")
        digest = base64.urlsafe_b64encode(hashlib.new(kind, archive.read(row[0])).digest()).decode().rstrip("=")
        if digest != wanted:
            raise Refused("broken", f"{row[0]} is not what its RECORD says")
    for member in members:
        if not member.is_dir() and member.filename not in recorded and not member.filename.startswith(infos[0] + "/RECORD"):
            raise Refused("broken", f"its RECORD does not list {member.filename}")
    needs = {re.match(r"[A-Za-z0-9._-]+", need.strip())[0] for need in metadata.get_all("Requires-Dist", [])
             if "extra" not in need.partition(";")[2] and re.match(r"[A-Za-z0-9]", need.strip())}
    return sorted(normalized(need) for need in needs)[:32]


try:
    answer = {"fault": "", "why": "", "requires": check(*sys.argv[1:4])}
except Refused as e:
    answer = {"fault": e.args[0], "why": e.args[1][:500], "requires": []}
except Exception as e:
    answer = {"fault": "broken", "why": f"{type(e).__name__}: {e}"[:500], "requires": []}
print(json.dumps(answer))
