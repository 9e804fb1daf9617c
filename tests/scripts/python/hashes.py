# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Digests, HMAC, base64, hex, CRC, compression, pickling.
import base64
import binascii
import hashlib
import hmac
import pickle
import struct
import zlib

data = b"The quick brown fox jumps over the lazy dog"
for name in ("md5", "sha1", "sha256", "sha3_256", "blake2b"):
    print(name, hashlib.new(name, data).hexdigest()[:32])
print(hmac.new(b"key", data, "sha256").hexdigest())
print(base64.b64encode(data[:10]).decode(), base64.urlsafe_b64decode("-_-_"), base64.b32encode(b"hi"))
print(zlib.crc32(data), zlib.adler32(data), len(zlib.compress(data * 50)) < 200, binascii.hexlify(b"\x00\xff"))
print(zlib.decompress(zlib.compress(data)) == data, pickle.loads(pickle.dumps({"a": [1, (2,)], "b": {3}})))
print(struct.pack(">HIq", 1, 2, -3).hex(), struct.unpack("<f", struct.pack("<f", 0.1))[0], struct.calcsize("=ib"))
print(hmac.compare_digest("a", "a"), binascii.crc_hqx(data, 0))
