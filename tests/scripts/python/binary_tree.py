# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# A search tree: insertion, deletion, traversals, balance, printing.
class Node:
    def __init__(self, key):
        self.key, self.left, self.right = key, None, None


def insert(node, key):
    if node is None:
        return Node(key)
    if key < node.key:
        node.left = insert(node.left, key)
    elif key > node.key:
        node.right = insert(node.right, key)
    return node


def delete(node, key):
    if node is None:
        return None
    if key < node.key:
        node.left = delete(node.left, key)
    elif key > node.key:
        node.right = delete(node.right, key)
    else:
        if node.left is None or node.right is None:
            return node.left or node.right
        least = node.right
        while least.left:
            least = least.left
        node.key = least.key
        node.right = delete(node.right, least.key)
    return node


def walk(node):
    if node:
        yield from walk(node.left)
        yield node.key
        yield from walk(node.right)


def height(node):
    return 0 if node is None else 1 + max(height(node.left), height(node.right))


def draw(node, depth=0):
    if node:
        draw(node.right, depth + 1)
        print("    " * depth + str(node.key))
        draw(node.left, depth + 1)


root = None
for key in (50, 30, 70, 20, 40, 60, 80, 30, 65):
    root = insert(root, key)
draw(root)
print(list(walk(root)), height(root))
for key in (20, 30, 50, 99):
    root = delete(root, key)
    print(list(walk(root)), root.key)
