# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A small expression evaluator: tokens, recursive descent, errors.
import re

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*)|(\*\*|.))")


class Parser:
    def __init__(self, text):
        self.tokens = [(n, op) for n, op in TOKEN.findall(text) if n or op.strip()]
        self.at = 0

    def peek(self):
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def take(self):
        token = self.tokens[self.at]
        self.at += 1
        return token

    def expr(self):
        value = self.term()
        while self.peek() in ("+", "-"):
            op = self.take()[1]
            value = value + self.term() if op == "+" else value - self.term()
        return value

    def term(self):
        value = self.power()
        while self.peek() in ("*", "/"):
            op = self.take()[1]
            value = value * self.power() if op == "*" else value / self.power()
        return value

    def power(self):
        value = self.atom()
        if self.peek() == "**":
            self.take()
            return value ** self.power()
        return value

    def atom(self):
        if self.at == len(self.tokens):
            raise SyntaxError("unexpected end")
        number, op = self.take()
        if number:
            return float(number) if "." in number else int(number)
        if op == "-":
            return -self.atom()
        if op == "(":
            value = self.expr()
            if self.take()[1] != ")":
                raise SyntaxError("expected )")
            return value
        raise SyntaxError(f"unexpected {op!r}")


for text in ("1 + 2 * 3", "(1+2)*3", "2 ** 3 ** 2", "-(4 - 6) / 4", "7 / 0", "1 +", "2 $ 3", "0.1 + 0.2"):
    try:
        parser = Parser(text)
        value = parser.expr()
        if parser.peek():
            raise SyntaxError(f"trailing {parser.peek()!r}")
        print(text, "=", value)
    except (SyntaxError, ZeroDivisionError) as e:
        print(text, "->", type(e).__name__, e)
