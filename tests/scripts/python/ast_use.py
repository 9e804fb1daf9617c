# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Programs about programs: ast, compile, eval with bounds, inspect, tokenizing.
import ast
import inspect
import io
import tokenize

tree = ast.parse("def f(x):\n    return x + 1\n\nprint(f(2))\nimport os, sys\n")
print([type(n).__name__ for n in tree.body], [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)])
print([a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names])


class Doubler(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Constant(node.value * 2), node)


new = ast.fix_missing_locations(Doubler().visit(ast.parse("3 * (4 + 5)", mode="eval")))
print(ast.unparse(new), eval(compile(new, "<new>", "eval")))
print(ast.literal_eval("{'a': [1, 2.5, (None, True)]}"))
for bad in ("__import__('os')", "1 +", "f(x)"):
    try:
        ast.literal_eval(bad)
    except (ValueError, SyntaxError) as e:
        print(type(e).__name__)
space = {}
exec("def g(a, /, b: int = 2, *c, d, **e): 'Docs.'\ny = [i * i for i in range(4)]", space)
print(inspect.signature(space["g"]), inspect.getdoc(space["g"]), space["y"])
print([tokenize.tok_name[t.type] for t in tokenize.generate_tokens(io.StringIO("x = 1 # c\n").readline)])
print(eval("a * b", {"__builtins__": {}}, {"a": 6, "b": 7}))
