# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# URLs, name-based UUIDs, IP addresses, mail headers.
import ipaddress
import uuid
from email.message import EmailMessage
from urllib.parse import parse_qs, quote, unquote_plus, urlencode, urljoin, urlsplit

u = urlsplit("https://user@Example.org:8443/a/b;c?q=1&q=2&e=#frag")
print(u.scheme, u.hostname, u.port, u.path, u.query, u.fragment, u.username)
print(parse_qs(u.query), parse_qs(u.query, keep_blank_values=True), urlencode({"a b": "ü&", "n": 1}))
print(quote("/path with/ü?"), unquote_plus("a+b%20c%C3%BC"))
print([urljoin("http://h/a/b/c", r) for r in ("d", "../d", "/d", "//x/y", "?q", "http://z/")])
print(uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"), uuid.UUID(int=5).hex, uuid.UUID("{12345678123456781234567812345678}").urn)
net = ipaddress.ip_network("192.168.4.0/22")
print(net.num_addresses, ipaddress.ip_address("192.168.7.9") in net, list(net.subnets(new_prefix=24))[-1], net.netmask)
print(ipaddress.ip_address("2001:db8::1").exploded, ipaddress.ip_address("127.0.0.1").is_loopback)
m = EmailMessage()
m["Subject"], m["To"] = "Grüße", "a@example.org"
m.set_content("Hello\n")
print(m["Subject"], m.get_content_type(), m.as_string().splitlines()[1])
