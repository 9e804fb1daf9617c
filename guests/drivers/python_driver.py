# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Started by the CPython guest in place of the user's script, which it then runs as __main__. It tells the runtime, as
# JSON lines on a descriptor of its own, what no import shows: the uncaught exception, in the user's coordinates, and
# attempts that CPython refuses by itself (sockets, processes, threads). Everything it reports is said by the guest, so
# the runtime treats it as untrusted. It only uses built-in modules, so no file of the user's can stand in for one.
import sys


def _main():
    import builtins
    import posix
    # Kept here, so that a script which replaces a built-in name does not silence the report.
    from builtins import (AttributeError, BaseException, MemoryError, OSError, SyntaxError, SystemExit, bool, bytes, compile, dict,
                          enumerate, exec, hasattr, int, isinstance, len, list, map, open, range, setattr, str, tuple)
    from _json import encode_basestring_ascii as quote

    report_path, script_path = sys.argv[1], sys.argv[2]
    max_attempts, max_frames, max_text, max_causes = 256, 32, 4096, 4
    library = "/usr/local/lib/python"
    wheels = ()  # the runtime fills in the packages that were added to this guest
    exact, getframe, write = type, sys._getframe, posix.write
    try:
        report_fd = posix.open(report_path, posix.O_WRONLY)
    except OSError:
        report_fd = -1

    def encode(value):
        kind = exact(value)
        if value is None:
            return "null"
        if kind is bool:
            return "true" if value else "false"
        if kind is int:
            return str(value)
        if kind is dict:
            return "{" + ",".join(quote(k) + ":" + encode(v) for k, v in value.items()) + "}"
        if kind is list:
            return "[" + ",".join(encode(v) for v in value) + "]"
        if len(value) > max_text:
            value = value[:max_text] + "..."
        return quote(value.encode("utf-8", "replace").decode("utf-8"))

    def report(record):
        if report_fd < 0:
            return
        data = (encode(record) + "\n").encode("ascii")
        while data:
            try:
                data = data[write(report_fd, data):]
            except OSError:
                return

    def plain(value, depth=0):
        """Text of an audit argument; never calls code of the user's."""
        kind = exact(value)
        if kind is str:
            return value[:200]
        if kind is bytes:
            return value[:200].decode("utf-8", "replace")
        if kind is int or kind is bool or value is None:
            return str(value)
        if (kind is tuple or kind is list) and depth < 2:
            return " ".join(plain(v, depth + 1) for v in value[:16])
        return "<" + kind.__name__ + ">"

    # Event -> positions of the arguments worth telling.
    events = {
        "socket.__new__": (), "socket.connect": (1,), "socket.bind": (1,), "socket.sendto": (1,),
        "socket.getaddrinfo": (0, 1), "socket.gethostbyname": (0,), "socket.gethostbyaddr": (0,),
        "urllib.Request": (0,), "http.client.connect": (1, 2), "ftplib.connect": (1, 2), "smtplib.connect": (1, 2),
        "os.system": (0,), "os.posix_spawn": (0, 1), "os.fork": (), "os.forkpty": (), "os.kill": (0, 1),
        "_thread.start_new_thread": (),
        "ctypes.dlopen": (0,), "ctypes.dlsym": (1,),
    }
    missing_modules = {"ctypes", "_ctypes", "multiprocessing", "_multiprocessing", "concurrent.futures.thread",
                       "concurrent.futures.process", "pty"}
    missing_calls = {"system", "fork", "forkpty", "execv", "execve", "posix_spawn", "posix_spawnp", "kill", "killpg",
                     "spawnl", "spawnle", "spawnlp", "spawnlpe", "spawnv", "spawnve", "spawnvp", "spawnvpe"}
    missing_lookups = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo")
    left = [max_attempts]

    def attempt(event, detail):
        if left[0] > 0:
            left[0] -= 1
            report({"kind": "attempt", "event": event, "detail": detail})

    # What the library refuses in Python, before CPython would audit it: code object -> event. Its start is watched
    # rather than the function wrapped, so the script sees the same functions, exceptions and tracebacks.
    watched = {}
    monitoring, tool = sys.monitoring, 4

    def watch(code, event):
        watched[code] = event
        monitoring.set_local_events(tool, code, monitoring.events.PY_START)

    def without_self_pipe(loop):
        """A loop of asyncio wakes itself through a pair of sockets, for threads and signals. This guest has neither."""
        def make(self):
            self._ssock = self._csock = None
        loop._make_self_pipe, loop._close_self_pipe, loop._write_to_self = make, make, lambda self: None

    def started(code, _):
        values = getframe(1).f_locals
        if watched[code] is None:
            without_self_pipe(values["__class__"])
            return
        attempt(watched[code], " ".join(plain(values[name]) for name in ("file", "args") if name in values))

    def constant(code, name):
        for value in code.co_consts:
            if exact(value) is code_type and value.co_name == name:
                return value
        return None

    def audit(event, args):
        if event == "exec" and exact(args[0]) is code_type and args[0].co_filename == popen_file:
            # A module's code is about to run. All imports of subprocess pass here, and os.popen is one.
            popen = constant(args[0], "Popen")
            start = popen and constant(popen, "__init__")
            if start:
                watch(start, "subprocess.Popen")
            return
        if event == "exec" and exact(args[0]) is code_type and args[0].co_filename == loops_file:
            loop = constant(args[0], "BaseSelectorEventLoop")
            start = loop and constant(loop, "__init__")
            if start and "__class__" in start.co_freevars:
                watch(start, None)
            return
        wanted = events.get(event)
        if wanted is not None:
            attempt(event, " ".join(plain(args[i]) for i in wanted if i < len(args)))
        elif event == "import" and exact(args[0]) is str and args[0] in missing_modules:
            attempt("import", args[0])

    def os_getattr(name):
        # The guest's os has no process functions. The library asks for them with hasattr; only a script's use counts.
        if exact(name) is str and name in missing_calls:
            file = getframe(1).f_globals.get("__file__")
            if exact(file) is str and not file.startswith(library):
                attempt("os." + name, "")
        raise AttributeError(f"module 'os' has no attribute {name!r}")

    def refused_lookup(name):
        def lookup(*args, **_):
            attempt("socket." + name, " ".join(plain(arg) for arg in args[:2]))
            raise OSError(58, "Not supported")
        return lookup

    def text_of(value):
        try:
            return str(value)[:max_text]
        except BaseException:
            return "<no message>"

    def type_name(error):
        kind = exact(error)
        module = exact.__getattribute__(kind, "__module__")
        name = kind.__qualname__
        return name if module in ("builtins", "__main__") or exact(module) is not str else module + "." + name

    def frames_of(error, tb):
        frames = []
        while tb is not None:
            code = tb.tb_frame.f_code
            frame = {"file": code.co_filename, "line": tb.tb_lineno, "function": code.co_qualname}
            for i, position in enumerate(code.co_positions()):
                if i == tb.tb_lasti // 2:
                    if position[2] is not None:
                        frame["column"] = position[2] + 1
                    break
            frames.append(frame)
            tb = tb.tb_next
        if isinstance(error, SyntaxError) and exact(error.filename) is str and exact(error.lineno) is int:
            frame = {"file": error.filename, "line": error.lineno, "function": "<module>"}
            if exact(error.offset) is int:
                frame["column"] = error.offset
            frames.append(frame)
        total = len(frames)
        if total > max_frames:
            frames = frames[: max_frames // 2] + frames[-(max_frames // 2):]
        return frames, total

    def reason_of(error):
        if isinstance(error, MemoryError):
            return "memory"
        return "syntax" if code is None and isinstance(error, SyntaxError) else ""

    def report_error(error, tb):
        frames, total = frames_of(error, tb)
        causes = []
        cause = error
        while len(causes) < max_causes:
            following = cause.__cause__
            if following is None and not cause.__suppress_context__:
                following = cause.__context__
            if following is None or following is error:
                break
            causes.append({"type": type_name(following), "message": text_of(following)})
            cause = following
        report({"kind": "error", "reason": reason_of(error), "type": type_name(error), "message": text_of(error),
                "frames": frames, "total_frames": total, "causes": causes})

    report({"kind": "hello", "language": "python", "version": ".".join(map(str, sys.version_info[:3]))})
    # This build has sockets that answer "Not supported", but no look-ups of names: without these the script would see
    # an AttributeError from deep inside the library.
    import _socket
    for name in missing_lookups:
        if not hasattr(_socket, name):
            setattr(_socket, name, refused_lookup(name))
    import os
    os.__getattr__ = os_getattr
    monitoring.use_tool_id(tool, "dewar")
    monitoring.register_callback(tool, monitoring.events.PY_START, started)
    for function in (os.execl, os.execle, os._execvpe):
        watch(function.__code__, "os.exec")
    code_type = exact(os.execl.__code__)
    # Code names its file as it was when the guest was built. This module is of the same folder, and loaded already.
    encodings = sys.modules["encodings"].search_function.__code__.co_filename
    library_folder = encodings.removesuffix("encodings/__init__.py")
    popen_file, loops_file = library_folder + "subprocess.py", library_folder + "asyncio/selector_events.py"
    # Output written before a run is stopped must not be lost in a buffer.
    sys.stdout.reconfigure(line_buffering=True)
    sys.addaudithook(audit)
    sys.argv[:] = [script_path] + sys.argv[3:]
    sys.path.extend(wheels)

    main = exact(sys)("__main__")
    main.__file__ = script_path
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    reserve = bytearray(1 << 18)  # for the report of a script that has used up the memory
    code = None
    try:
        with open(script_path, "rb") as file:
            source = file.read()
        code = compile(source, script_path, "exec", dont_inherit=True)
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        reserve = None
        tb = error.__traceback__
        while tb is not None and tb.tb_frame.f_code is getframe(0).f_code:
            tb = tb.tb_next
        try:
            report_error(error, tb)
        except BaseException:
            report({"kind": "error", "type": exact(error).__qualname__, "message": "", "frames": [], "total_frames": 0,
                    "causes": []})
        error = error.with_traceback(tb)
        if sys.excepthook is sys.__excepthook__:
            # The built-in hook tries to open the sources of library frames, which this guest has no sources of.
            try:
                import traceback
                traceback.print_exception(error)
            except BaseException:  # a script can break what `traceback` needs
                sys.__excepthook__(exact(error), error, tb)
        else:
            sys.excepthook(exact(error), error, tb)
        failed = True
    else:
        failed = False
    if failed:
        sys.exit(1)


_main()
