// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Classes: inheritance, accessors, statics, private members, mixins.
class Shape {
  static count = 0;
  #id = ++Shape.count;
  name = 'shape';
  get id() { return this.#id; }
  area() { return 0; }
  toString() { return `${this.name}#${this.#id} ${this.area().toFixed(2)}`; }
  static compare(a, b) { return a.area() - b.area(); }
}
class Circle extends Shape {
  constructor(r) { super(); this.r = r; this.name = 'circle'; }
  area() { return Math.PI * this.r ** 2; }
  set diameter(d) { this.r = d / 2; }
}
class Rect extends Shape {
  constructor(w, h) { super(); Object.assign(this, { w, h }); }
  area() { return this.w * this.h; }
}
const Named = (Base) => class extends Base { hello() { return 'hello from ' + this.constructor.name; } };
class Square extends Named(Rect) { constructor(s) { super(s, s); } }
const shapes = [new Circle(2), new Rect(2, 3), new Square(2)];
shapes[0].diameter = 1;
console.log(shapes.sort(Shape.compare).map(String), Shape.count, shapes[2].id);
console.log(new Square(1).hello(), new Square(1) instanceof Shape, Object.getPrototypeOf(Square).name === '');
console.log(new Circle(1), [new Rect(1, 2)], Circle, class {}, class A extends Shape {});
try { Circle(); } catch (e) { console.log(e.name); }
const o = { get x() { return 1; }, set y(v) {}, get z() { return 1; }, set z(v) {}, m() {}, f: () => 1, async a() {}, *g() {} };
console.log(o);
