// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C++ library: containers, strings, streams, algorithms, smart pointers, static objects and their destruction.
#include <algorithm>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

namespace {

struct Item {
  std::string name;
  int quantity = 0;
  double price = 0;
};

struct Farewell {
  ~Farewell() { std::cout << "destroyed\n"; }
} farewell;

class Shape {
 public:
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
class Square final : public Shape {
 public:
  explicit Square(double side) : side_(side) {}
  double area() const override { return side_ * side_; }

 private:
  double side_;
};

std::optional<Item> parse(const std::string& line) {
  std::istringstream in(line);
  Item item;
  if (in >> item.name >> item.quantity >> item.price) return item;
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  // This libc++ has no file streams: the Debian package is built without a file system.
  std::FILE* file = std::fopen(argv[1], "r");
  if (!file) {
    std::cerr << "cannot read " << argv[1] << '\n';
    return 3;
  }
  std::string text;
  for (int c = 0; (c = std::getc(file)) != EOF;) text += static_cast<char>(c);
  std::fclose(file);
  std::istringstream in(text);
  std::map<std::string, Item> items;
  std::vector<std::variant<int, std::string>> faults;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (auto item = parse(line)) {
      auto& known = items[item->name];
      known.name = item->name;
      known.quantity += item->quantity;
      known.price = item->price;
    } else {
      faults.emplace_back(number);
      faults.emplace_back(line);
    }
  }
  for (const auto& [name, item] : items) {
    std::cout << std::left << std::setw(8) << name << std::right << std::setw(4) << item.quantity << std::setw(9)
              << std::fixed << std::setprecision(2) << item.quantity * item.price << '\n';
  }
  const double total = std::accumulate(items.begin(), items.end(), 0.0, [](double sum, const auto& entry) {
    return sum + entry.second.quantity * entry.second.price;
  });
  std::cout << "total " << total << '\n';
  for (const auto& fault : faults)
    std::visit([](const auto& value) { std::cout << "fault: " << value << '\n'; }, fault);
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 3; i > 0; --i) shapes.push_back(std::make_unique<Square>(i));
  std::sort(shapes.begin(), shapes.end(), [](const auto& a, const auto& b) { return a->area() < b->area(); });
  for (const auto& shape : shapes) std::cout << shape->area() << ' ';
  std::cout << std::endl;
  return faults.empty() ? 0 : 5;
}
