# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A ledger with validation, history and a statement.
from collections import namedtuple

Entry = namedtuple("Entry", "kind amount balance")


class InsufficientFunds(Exception):
    def __init__(self, needed, available):
        self.needed, self.available = needed, available
        super().__init__(f"need {needed}, have {available}")


class Account:
    bank = {}

    def __init__(self, owner, balance=0):
        self.owner, self.balance, self.history = owner, balance, []
        Account.bank[owner] = self

    def _book(self, kind, amount):
        self.balance += amount
        self.history.append(Entry(kind, amount, self.balance))

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("deposit must be positive")
        self._book("deposit", amount)

    def withdraw(self, amount):
        if amount > self.balance:
            raise InsufficientFunds(amount, self.balance)
        self._book("withdrawal", -amount)

    def transfer(self, other, amount):
        self.withdraw(amount)
        Account.bank[other].deposit(amount)


ada, bob = Account("ada", 100), Account("bob")
for action in (lambda: ada.deposit(50), lambda: ada.transfer("bob", 70), lambda: bob.withdraw(100),
               lambda: ada.deposit(-5), lambda: ada.transfer("eve", 1)):
    try:
        action()
    except (InsufficientFunds, ValueError, KeyError) as e:
        print(f"{type(e).__name__}: {e}")
for account in Account.bank.values():
    print(f"{account.owner:>5}: {account.balance:>6}")
    for entry in account.history:
        print(f"       {entry.kind:<12}{entry.amount:+6d}{entry.balance:>8}")
