# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A vending machine as a state machine with a table of transitions.
class Machine:
    TABLE = {
        ("idle", "coin"): ("ready", "accept"),
        ("ready", "coin"): ("ready", "accept"),
        ("ready", "select"): ("vending", "vend"),
        ("ready", "refund"): ("idle", "give_back"),
        ("vending", "taken"): ("idle", None),
    }

    def __init__(self):
        self.state, self.credit, self.stock = "idle", 0, {"cola": 1, "water": 2}

    def send(self, event, value=None):
        try:
            state, action = self.TABLE[self.state, event]
        except KeyError:
            print(f"  {event!r} is not possible in {self.state}")
            return
        if action and getattr(self, action)(value) is False:
            return
        print(f"  {self.state} --{event}--> {state} (credit {self.credit})")
        self.state = state

    def accept(self, coin):
        self.credit += coin

    def vend(self, item):
        price = {"cola": 150, "water": 100}[item]
        if not self.stock[item]:
            print(f"  {item} is sold out")
            return False
        if self.credit < price:
            print(f"  {price - self.credit} missing")
            return False
        self.credit -= price
        self.stock[item] -= 1

    def give_back(self, _):
        self.credit = 0


m = Machine()
for event in (("select", "cola"), ("coin", 100), ("select", "cola"), ("coin", 100), ("select", "cola"), ("taken",),
              ("coin", 200), ("select", "cola"), ("select", "water"), ("refund",), ("taken",)):
    print(*event)
    m.send(*event)
print(m.stock)
