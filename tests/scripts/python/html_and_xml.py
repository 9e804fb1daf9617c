# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Parsing HTML and XML, escaping, building XML.
import html
import xml.etree.ElementTree as ET
from html.parser import HTMLParser


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.depth, self.text = [], 0, []

    def handle_starttag(self, tag, attrs):
        self.depth += 1
        if tag == "a":
            self.links.append(dict(attrs).get("href"))

    def handle_endtag(self, tag):
        self.depth -= 1

    def handle_data(self, data):
        if data.strip():
            self.text.append((self.depth, data.strip()))


p = Links()
p.feed('<html><body><p>One &amp; <a href="/a?x=1&amp;y=2">two</a></p><p><a name=z>three</a></p></body></html>')
print(p.links, p.text, p.depth)
print(html.escape("<a & 'b'>"), html.unescape("&lt;&eacute;&#x41;&gt;"))
root = ET.fromstring("""<shop currency="EUR"><item id="1"><name>Pen</name><price>1.20</price></item>
<item id="2"><name>Book</name><price>12.00</price></item></shop>""")
print([(i.get("id"), i.findtext("name"), float(i.findtext("price"))) for i in root.iter("item")])
print(root.find("./item[@id='2']/name").text, root.attrib)
new = ET.SubElement(root, "item", id="3")
ET.SubElement(new, "name").text = "A < B"
print(ET.tostring(new, encoding="unicode"))
try:
    ET.fromstring("<a><b></a>")
except ET.ParseError as e:
    print(e)
