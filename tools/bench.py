#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures Dewar against native code, wasm3 and V8 (docs/benchmarks.md says what the figures mean): the programs of
bench/programs with all engines in turn, process start, decoding and validating, and a large program. `make bench`
builds what is needed and calls this."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import bench_measure as measure

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "bench" / "programs"
CLANGS = [f"clang-{version}" for version in (22, 23, 21, 20, 19)] + ["clang"]
C_FLAGS = ["-O2", "-std=c17"]
WASM_FLAGS = ["--target=wasm32-wasi", "-Wno-deprecated"]

# What the figures are held against (the first milestone's goals).
GOAL_WASM3 = 1.5
GOAL_START_MS = 2.0
GOAL_VALIDATE = 200.0
GOAL_METERING = 1.10
GOAL_HOST_CALL_NS = 60.0
GOAL_COMPILED_NATIVE = 2.2
GOAL_COMPILED_METERING = 1.10
GOAL_COMPILED_METERING_WORST = 1.25
GOAL_COMPILE_RATIO = 2.0
GOAL_CODE_BYTES = 4.0
GOAL_INTERRUPT_US = 1000.0
GOAL_STEPS_PERCENT = 1.0


def fail(text):
    sys.exit(f"bench: {text}")


# Engines by what they do; the first group is slow, so it gets small runs. "dewar" interprets, "auto" is as shipped.
INTERPRETERS = ("dewar", "unmetered", "wasm3")
COMPILERS = ("auto", "baseline", "base-unmet", "v8", "v8-liftoff")
# Programs whose native run is shorter say nothing about code: their figures are shown, but are in no mean.
SHORTEST_S = 0.02
# Large modules: a short command of each, and what it prints.
LARGE = {"yosys": (["-V"], b"Yosys 0.55"), "clang": (["size", "--version"], b"size\n")}
# As the last argument of a program: the working folder is granted.
GRANT = "--granted"

# A command module whose _start does nothing: types, functions, a memory (node:wasi wants one), exports, code.
NOOP = bytes.fromhex("0061736d01000000" "010401600000" "03020100" "0503010001"
                     "071302" "066d656d6f7279" "0200" "065f7374617274" "0000" "0a040102000b")


def find_clang():
    clang = next((c for c in CLANGS if shutil.which(c)), None)
    if not clang:
        fail("no clang; run tools/setup.sh bench")
    return clang


def compile_program(clang, source, folder, name, more_flags, newest):
    """Compiles a program natively and to WebAssembly, where the source is newer; (native, wasm)."""
    native, wasm = folder / name, folder / f"{name}.wasm"
    for target, flags, libraries in ((native, [], ["-lm"]), (wasm, WASM_FLAGS, [])):
        if target.exists() and target.stat().st_mtime > max(source.stat().st_mtime, newest):
            continue
        command = [clang, *flags, *C_FLAGS, *more_flags, str(source), "-o", str(target), *libraries]
        if subprocess.run(command, check=False).returncode:
            fail(f"{source.name} does not compile; is everything installed (tools/setup.sh bench)?")
    return str(native), str(wasm)


def compile_programs(folder, clang):
    """Our programs; name -> (native, wasm, half)."""
    folder.mkdir(parents=True, exist_ok=True)
    header = (PROGRAMS / "bench.h").stat().st_mtime
    # Nothing in the interpreter may be chosen by a look at the other half.
    return {source.stem: (*compile_program(clang, source, folder, source.stem, [], header),
                          "tuned" if position % 2 else "reported")
            for position, source in enumerate(sorted(PROGRAMS.glob("*.c")), 1)}


def compile_shootout(folder, clang, sources):
    """sightglass's programs, whose marks of begin and end do nothing here; as compile_programs(). They are run in
    `folder`, where one finds its arguments."""
    folder.mkdir(parents=True, exist_ok=True)
    for given in pathlib.Path(sources).parent.glob("*.input"):
        shutil.copyfile(given, folder / given.name)
    marks = folder / "sightglass.h"
    if not marks.exists():
        marks.write_text("#pragma once\n#define bench_start()\n#define bench_end()\n"
                         "#define BLACK_BOX(x) __asm__ __volatile__(\"\" : : \"m\"(x) : \"memory\")\n",
                         encoding="utf-8")
    flags = ["-w", "-Wno-error=incompatible-pointer-types", "-std=gnu17", f"-I{folder}"]
    return {f"s-{source.stem}": (*compile_program(clang, source, folder, source.stem, flags, 0), "shootout")
            for source in sorted(pathlib.Path(sources).glob("*.c"))}


def read_peers(path):
    """tools/peers.sh's lines: name -> (path, version)."""
    peers = {}
    if path:
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            name, where, version = line.split("\t")
            peers[name] = (where, version)
    return peers


def engines(args, peers):
    """Engine -> function from a module and its arguments to a command line; the first element of the arguments may be
    the option that grants the working folder."""
    dewar = str(args.dewar or args.build_dir / "dewar")
    if not os.access(dewar, os.X_OK):
        fail(f"no program at {dewar}; make build makes it")

    def ours(program, *flags):
        return lambda module, rest: [str(program), "run", *args.dewar_flag, *flags,
                                     *(["--ro=."] if GRANT in rest else []), module, *without_grant(rest)]

    table = {"dewar": ours(dewar, "-C", "tier=interp"), "auto": ours(dewar), "baseline": ours(dewar, "-C", "tier=baseline")}
    if args.unmetered and os.access(args.unmetered, os.X_OK):
        table["unmetered"] = ours(args.unmetered, "-C", "tier=interp")
        table["base-unmet"] = ours(args.unmetered, "-C", "tier=baseline")
    if "wasm3" in peers:
        table["wasm3"] = lambda module, rest: [peers["wasm3"][0], "--stack-size", "4000000", module, *without_grant(rest)]
    if "node" in peers:
        runner = str(ROOT / "bench" / "run_wasi.mjs")
        node = [peers["node"][0], "--no-warnings"]
        # Node 20.20 (V8 11.3) crashes now and then when a memory grows by tens of megabytes while it marks its own heap.
        if peers["node"][1].startswith("20."):
            node.append("--no-incremental-marking")
        table["v8"] = lambda module, rest: [*node, runner, module, *rest]
        table["v8-liftoff"] = lambda module, rest: [*node, "--liftoff-only", runner, module, *rest]
    if args.engines:
        wanted = args.engines.split(",")
        table = {name: make for name, make in table.items() if name in wanted}
    return table


def checked(argv, folder=None):
    sample = measure.run(argv, folder)
    if sample.code != 0:
        fail(f"{' '.join(argv)} ended with {sample.code}: {sample.err.decode(errors='replace').strip()[:400]}")
    return sample


def measure_start(table, folder, runs):
    """Wall milliseconds and user seconds of a process that runs a module which does nothing."""
    noop = folder / "noop.wasm"
    noop.write_bytes(NOOP)
    true = shutil.which("true")
    commands = {"process alone": [true], **{name: make(str(noop), []) for name, make in table.items()}}
    samples = {name: [] for name in commands}
    for argv in commands.values():
        checked(argv)
    for _ in range(runs):
        for name, argv in commands.items():
            samples[name].append(checked(argv))
    return {name: {"wall_ms": 1000 * measure.median([s.wall for s in group]),
                   "min_wall_ms": 1000 * min(s.wall for s in group),
                   "cpu_ms": 1000 * measure.median([s.cpu for s in group]),
                   "user_s": measure.median([s.user for s in group])} for name, group in samples.items()}


def measure_programs(runs, scale, table, built, start, folder=None):
    """Runs every program with every engine, interleaved; name -> engine -> list of user seconds (start subtracted).
    With a folder the programs take no size and are run there."""
    results = {}
    loads = []
    arguments = [GRANT] if folder else [str(scale)]
    for name, (native, wasm, half) in sorted(built.items()):
        commands = {"native": [native, *without_grant(arguments)]}
        commands.update({engine: make(wasm, arguments) for engine, make in table.items()})
        times = {engine: [] for engine in commands}
        expected = None
        for _ in range(runs):
            for engine, argv in commands.items():
                sample = checked(argv, folder)
                if expected is None:
                    expected = sample.out
                elif sample.out != expected:
                    fail(f"{name}: {engine} printed {sample.out!r}, the native program {expected!r}")
                own = start.get(engine, start["process alone"])["user_s"]
                times[engine].append(max(sample.user - own, 1e-4))
            loads.append(measure.load())
        results[name] = {"half": half, "user_s": times}
        show_program(name, half, times)
    return results, loads


def without_grant(arguments):
    return [a for a in arguments if a != GRANT]


def ratio(times, engine, base):
    """Median of the ratios of runs that stood next to each other."""
    return measure.median([a / b for a, b in zip(times[engine], times[base])])


def show_program(name, half, times):
    row = f"{name:12} {half:8} {measure.median(times['native']):8.3f}"
    for engine in times:
        if engine != "native":
            row += f" {measure.median(times[engine]):10.3f} {ratio(times, engine, 'native'):7.2f}x"
    if "wasm3" in times and "dewar" in times:
        row += f" {ratio(times, 'dewar', 'wasm3'):12.2f}"
    print(row, flush=True)


def show_header(table):
    row = f"{'program':12} {'half':8} {'native':>8}"
    for engine in table:
        row += f" {engine:>10} {'/native':>8}"
    if "wasm3" in table and "dewar" in table:
        row += f" {'dewar/wasm3':>12}"
    print(row, flush=True)


def geomeans(results, halves=("tuned", "reported", "all"), own="dewar"):
    """half -> "engine/base" -> geometric mean of the programs' ratios. Halves may be joined by "+"."""
    table = {}
    for half in halves:
        group = [r["user_s"] for r in results.values() if half == "all" or r["half"] in half.split("+")]
        if not group:
            continue
        names = [name for name in group[0] if name != "native"]
        pairs = [(name, "native") for name in names] + [(own, name) for name in names if name != own]
        table[half] = {f"{a}/{b}": measure.geomean([ratio(times, a, b) for times in group])
                       for a, b in pairs if a in group[0] and b in group[0]}
    return table


def compiled_means(results):
    """As geomeans(), for the compilers, without programs that are too short; also without those on which Liftoff takes
    over 8 times native, and the dearest metering."""
    results = {name: r for name, r in results.items() if measure.median(r["user_s"]["native"]) >= SHORTEST_S}
    table = geomeans(results, ("tuned", "reported", "shootout", "reported+shootout"), "baseline")
    goal = [r["user_s"] for r in results.values() if r["half"] != "tuned"]
    engines_there = goal[0] if goal else {}
    if "v8-liftoff" in engines_there and "baseline" in engines_there:
        fair = [t for t in goal if ratio(t, "v8-liftoff", "native") <= 8]
        table["without the worst of Liftoff"] = {
            "baseline/v8-liftoff": measure.geomean([ratio(t, "baseline", "v8-liftoff") for t in fair])}
    if "base-unmet" in engines_there and "baseline" in engines_there:
        table["worst"] = {"baseline/base-unmet": max(ratio(t, "baseline", "base-unmet") for t in goal)}
    return table


def show_geomeans(table):
    for half, means in table.items():
        for pair, value in means.items():
            print(f"  {half:28} {pair:22} {value:6.2f}")


def measure_validate(args, peers):
    """Decode + validate, MB of code section per CPU second."""
    found = {}
    if "yosys" not in peers:
        return found
    module = peers["yosys"][0]
    driver = args.build_dir / "bench_validate"
    if os.access(driver, os.X_OK):
        found["dewar"] = float(checked([str(driver), module, "7"]).out)
    if "node" in peers:
        found["v8"] = float(checked([peers["node"][0], str(ROOT / "bench" / "validate.mjs"), module, "7"]).out)
    return found


def measure_compile(args, peers):
    """Modules compiled whole on one thread, MB of code section per CPU second of everything; for ours also bytes of
    code per byte of Wasm, and how many functions stay interpreted."""
    found = {}
    driver = args.build_dir / "bench_compile"
    for name in ("yosys", "ruby", "clang"):
        if name not in peers or not os.access(driver, os.X_OK):
            continue
        everything, alone, growth, _, left = checked([str(driver), peers[name][0], "3"]).out.decode().split()
        found[name] = {"baseline": float(everything), "compiling alone": float(alone), "code/wasm": float(growth),
                       "functions left": int(left)}
        if "node" in peers:
            argv = [peers["node"][0], "--liftoff-only", "--no-wasm-lazy-compilation", "--single-threaded",
                    str(ROOT / "bench" / "validate.mjs"), peers[name][0], "3", "compile"]
            found[name]["v8-liftoff"] = float(checked(argv).out)
    return found


def measure_large(table, peers, runs):
    """A large program prints its version: load, validate, run a little. Module -> engine -> figures; engines take turns,
    so that their wall times are pairs."""
    found = {}
    for module, (arguments, begins) in LARGE.items():
        if module not in peers:
            continue
        samples = {name: [] for name in table if name not in ("unmetered", "base-unmet")}
        for _ in range(runs):
            for name, taken in samples.items():
                taken.append(checked(table[name](peers[module][0], arguments)))
                if not taken[-1].out.startswith(begins):
                    fail(f"{name} printed {taken[-1].out[:80]!r} for {module} {' '.join(arguments)}")
        found[module] = {name: {"user_s": measure.median([s.user for s in taken]),
                                "wall_s": measure.median([s.wall for s in taken]),
                                "rss_mb": max(s.rss for s in taken) / 1e6} for name, taken in samples.items()}
        if "auto" in samples and "v8" in samples:
            found[module]["auto"]["wall_to_v8"] = measure.median(
                [ours.wall / theirs.wall for ours, theirs in zip(samples["auto"], samples["v8"])])
    return found


def measure_steps(args, clang):
    """Our programs with vectors (-O3 -msimd128), those that execute any: operations of compiled code, vector operations
    and steps among them."""
    driver = args.build_dir / "bench_steps"
    folder = args.programs_dir / "simd"
    found = {}
    if not os.access(driver, os.X_OK):
        return found
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(PROGRAMS.glob("*.c")):
        module = folder / f"{source.stem}.wasm"
        if not module.exists() or module.stat().st_mtime < source.stat().st_mtime:
            command = [clang, *WASM_FLAGS, "-O3", "-msimd128", "-std=c17", str(source), "-o", str(module), "-lm"]
            if subprocess.run(command, check=False).returncode:
                fail(f"{source.name} does not compile with vectors")
        vectors, operations, steps = map(int, checked([str(driver), str(module), "2"]).out.split())
        if vectors:
            found[source.stem] = {"operations": operations, "vectors": vectors, "steps": steps}
    return found


def measure_host_calls(args):
    """function -> nanoseconds of a call from the interpreter: as always, and with an audit reader attached."""
    driver = args.build_dir / "bench_host_call"
    if not os.access(driver, os.X_OK):
        return {}
    rows = (line.split("\t") for line in checked([str(driver)]).out.decode().splitlines())
    return {name: {"ns": float(plain), "audited_ns": float(audited)} for name, plain, audited in rows}


def measure_interrupts(args):
    """"tier, program" -> microseconds from the request to the end of the run."""
    driver = args.build_dir / "bench_interrupt"
    if not os.access(driver, os.X_OK):
        return {}
    rows = (line.split("\t") for line in checked([str(driver), "1000"]).out.decode().splitlines())
    return {f"{tier}, {program}": {"requests": int(count), "p50": float(p50), "p99": float(p99), "most": float(most),
                                     "p99_cpu": float(p99_cpu)}
            for tier, program, count, p50, p99, most, p99_cpu in rows}


def show_goal(text, value, goal, better_is_less=True):
    met = value <= goal if better_is_less else value >= goal
    print(f"  {text}: {value:.2f}, goal {'<=' if better_is_less else '>='} {goal:g}: {'met' if met else 'NOT MET'}")


def show_compiler_goals(report):
    if report["selected"]:
        return
    means = report["compiled_geomeans"]
    both = means.get("reported+shootout", {})
    goals = [("baseline against native, reported half and shootout", both.get("baseline/native"), GOAL_COMPILED_NATIVE),
             ("baseline against Liftoff, the same programs", both.get("baseline/v8-liftoff"), 1.0),
             ("baseline against Liftoff where that is no worse than 8 times native",
              means.get("without the worst of Liftoff", {}).get("baseline/v8-liftoff"), 1.0),
             ("metered baseline against unmetered", both.get("baseline/base-unmet"), GOAL_COMPILED_METERING),
             ("the same, worst program", means.get("worst", {}).get("baseline/base-unmet"), GOAL_COMPILED_METERING_WORST)]
    for text, value, goal in goals:
        if value:
            show_goal(text, value, goal)
    for name, row in report["compile_mb_s"].items():
        show_goal(f"bytes of code per byte of Wasm, {name}", row["code/wasm"], GOAL_CODE_BYTES)
        if "v8-liftoff" in row:
            show_goal(f"compile speed against Liftoff, {name}", row["baseline"] / row["v8-liftoff"], GOAL_COMPILE_RATIO,
                      False)


def show_goals(report):
    print("\nGoals")
    reported = report["geomeans"].get("reported", {}).get("dewar/wasm3")
    if report["selected"]:
        print("  interpreter against wasm3: not all programs measured, no claim")
    elif reported:
        show_goal("interpreter against wasm3, geometric mean of the reported half", reported, GOAL_WASM3)
    else:
        print("  interpreter against wasm3: no peer, no claim")
    start = report["start"].get("auto")
    if start:
        show_goal("no-op process start, ms of wall time (median)", start["wall_ms"], GOAL_START_MS)
    show_compiler_goals(report)
    metering = report["geomeans"].get("reported", {}).get("dewar/unmetered")
    if metering and not report["selected"]:
        show_goal("metered against unmetered, geometric mean of the reported half", metering, GOAL_METERING)
    if report["host_call_ns"]:
        worst = max(row["audited_ns"] for row in report["host_call_ns"].values())
        show_goal("host call with an audit reader, ns, dearest of those measured", worst, GOAL_HOST_CALL_NS)
    # A function of a megabyte takes as long as it takes to find the place in it (docs/SECURITY.md): shown, no goal.
    compiled = [row["p99"] for name, row in report["interrupt_us"].items()
                if name.startswith("baseline") and name != "baseline, large loop"]
    if compiled:
        show_goal("interrupt request to the end in compiled code, microseconds, p99 of the slowest program", max(compiled),
                  GOAL_INTERRUPT_US)
    for module, row in report["large"].items():
        if "wall_to_v8" in row.get("auto", {}):
            show_goal(f"short command of a large module against Node, wall time, {module}", row["auto"]["wall_to_v8"], 1.0)
    if report["steps"]:
        show_goal("percent of operations out of line, worst program with vectors",
                  max(100 * row["steps"] / row["operations"] for row in report["steps"].values()), GOAL_STEPS_PERCENT)
    if "dewar" in report["validate_mb_s"]:
        show_goal("decode + validate, MB of code per CPU second", report["validate_mb_s"]["dewar"], GOAL_VALIDATE, False)
    else:
        print("  decode + validate: no large module, no claim")


def versions(args, peers, compiler):
    dewar = subprocess.run([str(args.dewar or args.build_dir / "dewar"), "--version"], capture_output=True, text=True,
                           check=False)
    revision = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True,
                              text=True, check=False)
    name = dewar.stdout.splitlines()[0] if dewar.stdout else "dewar"
    lines = {"dewar": f"{name} {revision.stdout.strip()}".strip(), "native and wasm": compiler}
    lines.update({name: version for name, (_, version) in peers.items()})
    return lines


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--dewar", type=pathlib.Path, help="the program to measure (default: in the build directory)")
    parser.add_argument("--dewar-flag", action="append", default=[], help="a flag for dewar run; may be repeated")
    parser.add_argument("--programs-dir", type=pathlib.Path, default=ROOT / "build" / "bench",
                        help="where the compiled programs go")
    parser.add_argument("--peers", help="output of tools/peers.sh; without it nothing is compared but native code")
    parser.add_argument("--scale", type=int, default=20, help="size of the runs, percent of the full one (default 20)")
    parser.add_argument("--compiled-scale", type=int, default=100, help="the same for compiled code (default 100)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each program with each engine (default 5)")
    parser.add_argument("--start-runs", type=int, default=50)
    parser.add_argument("--programs", help="only these, joined by commas (halves stay as they are)")
    parser.add_argument("--engines", help="only these of " + ",".join(INTERPRETERS + COMPILERS))
    parser.add_argument("--unmetered", type=pathlib.Path, help="the program built without metering")
    parser.add_argument("--skip-large", action="store_true", help="leave the large module out")
    parser.add_argument("--wait", type=int, default=60, help="seconds to wait for a calm machine (default 60)")
    parser.add_argument("--json", type=pathlib.Path, help="write everything measured to this file as well")
    return parser.parse_args()


def main():
    args = parse_arguments()
    if args.runs < 1 or args.start_runs < 1 or args.scale < 1:
        fail("runs and scale must be at least 1")
    peers = read_peers(args.peers)
    table = engines(args, peers)
    clang = find_clang()
    compiler = subprocess.run([clang, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    report = {"machine": measure.machine(), "versions": versions(args, peers, compiler), "scale": args.scale,
              "runs": args.runs, "selected": args.programs}
    print(report["machine"])
    for name, version in report["versions"].items():
        print(f"{name}: {version}")
    load = measure.wait_until_calm(args.wait)
    print(f"load at the start: {load:.2f}")

    report["start"] = measure_start(table, args.programs_dir, args.start_runs)
    print("\nProcess start, module that does nothing: wall ms median (min), CPU ms")
    for name, s in report["start"].items():
        print(f"  {name:14} {s['wall_ms']:7.2f} ({s['min_wall_ms']:.2f}) {s['cpu_ms']:7.2f}")

    built = select(compile_programs(args.programs_dir, clang), args.programs)
    loads = []
    for title, key, names, scale in (("Interpreters", "programs", INTERPRETERS, args.scale),
                                     ("Compilers", "compiled", COMPILERS, args.compiled_scale)):
        group = {name: make for name, make in table.items() if name in names}
        if not group:
            continue
        print(f"\n{title}: user seconds (median), ratio to native (median of paired runs)")
        show_header(group)
        report[key], more = measure_programs(args.runs, scale, group, built, report["start"])
        loads += more
        if key == "compiled" and "shootout" in peers and not args.programs:
            shootout = args.programs_dir / "shootout"
            results, more = measure_programs(args.runs, 0, group, compile_shootout(shootout, clang, peers["shootout"][0]),
                                             report["start"], shootout)
            report[key].update(results)
            loads += more
    report["load"] = {"start": load, "min": min(loads, default=load), "max": max(loads, default=load)}
    report["geomeans"] = geomeans(report.get("programs", {}))
    report["compiled_geomeans"] = compiled_means(report.get("compiled", {}))
    print("\nGeometric means")
    show_geomeans(report["geomeans"])
    show_geomeans(report["compiled_geomeans"])

    report["validate_mb_s"] = {} if args.skip_large else measure_validate(args, peers)
    report["compile_mb_s"] = {} if args.skip_large else measure_compile(args, peers)
    for name, row in report["compile_mb_s"].items():
        print(f"\nCompile {name}, MB of code section per CPU second")
        for what, value in row.items():
            print(f"  {what:16} {value:7.2f}")
    report["large"] = {} if args.skip_large else measure_large(table, peers, min(args.runs, 5))
    if report["validate_mb_s"]:
        print("\nDecode + validate yosys, MB of code section per CPU second")
        for name, value in report["validate_mb_s"].items():
            print(f"  {name:14} {value:7.1f}")
    report["host_call_ns"] = measure_host_calls(args)
    if report["host_call_ns"]:
        print("\nCalls from the interpreter to host functions, ns: plain, with an audit reader")
        for name, row in report["host_call_ns"].items():
            print(f"  {name:14} {row['ns']:7.1f} {row['audited_ns']:7.1f}")
    report["interrupt_us"] = measure_interrupts(args)
    if report["interrupt_us"]:
        print("\nFrom an interrupt request to the end of the run, microseconds: p50, p99, most; p99 of CPU time")
        for name, row in report["interrupt_us"].items():
            print(f"  {name:32} {row['p50']:8.1f} {row['p99']:8.1f} {row['most']:8.1f} {row['p99_cpu']:8.1f}")
    for module, row in report["large"].items():
        print(f"\n{module} {' '.join(LARGE[module][0])}: user s, wall s, peak memory MB")
        for name, s in row.items():
            print(f"  {name:14} {s['user_s']:6.2f} {s['wall_s']:6.2f} {s['rss_mb']:6.0f}")
    report["steps"] = measure_steps(args, clang)
    if report["steps"]:
        print("\nPrograms with vectors, compiled: operations, vector operations, steps, share of steps")
        for name, row in report["steps"].items():
            share = row["steps"] / row["operations"]
            print(f"  {name:14} {row['operations']:12} {row['vectors']:12} {row['steps']:8} {share:9.4%}")
    show_goals(report)
    print(f"\nload during the programs: {min(loads):.2f} to {max(loads):.2f} on {os.cpu_count()} processors")
    if args.json:
        args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def select(built, names):
    if not names:
        return built
    wanted = names.split(",")
    unknown = [n for n in wanted if n not in built]
    if unknown:
        fail(f"no program {', '.join(unknown)}")
    return {name: paths for name, paths in built.items() if name in wanted}


if __name__ == "__main__":
    main()
