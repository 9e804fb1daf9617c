# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Started by the Ruby guest in place of the user's script, which it then loads as the main program. It tells the runtime,
# as JSON lines on a descriptor of its own, of the uncaught exception, in the user's coordinates, and of attempts to start
# processes, which Ruby refuses by itself. What it reports is said by the guest, so the runtime treats it as untrusted.
lambda do
  report_path, script = ARGV.shift(2)
  max_frames, max_text, max_attempts = 32, 4096, 256
  own = "/dewar/."
  report_file = begin
    File.open(report_path, "w").tap { |f| f.sync = true }
  rescue SystemCallError
    nil
  end

  text = lambda do |value|
    value = value.to_s.dup.force_encoding(Encoding::UTF_8).scrub
    value = value[0, max_text] + "..." if value.length > max_text
    '"' + value.gsub(/["\\\u0000-\u001f\u007f]/) { |c| format("\\u%04x", c.ord) } + '"'
  end
  encode = lambda do |value|
    case value
    when Integer then value.to_s
    when Hash then "{" + value.map { |k, v| text[k] + ":" + encode[v] }.join(",") + "}"
    when Array then "[" + value.map { |v| encode[v] }.join(",") + "]"
    else text[value]
    end
  end
  report = lambda do |record|
    report_file&.write(encode[record] + "\n")
  rescue SystemCallError, IOError
    report_file = nil
  end
  attempt = lambda do |event, args|
    next if (max_attempts -= 1) < 0
    report[{ kind: "attempt", event: event, detail: args.grep(String).join(" ")[0, 200] }]
  end

  # Where the script was called from is ours; what it calls itself is main.
  frames_of = lambda do |error|
    (error.backtrace || []).filter_map do |line|
      next if line.start_with?(own)
      file, number, label = line.match(/\A(.*?):(\d+)(?::in [`'](.*)')?\z/m)&.captures
      { file: file, line: number.to_i, function: label == "<top (required)>" ? "<main>" : label.to_s } if file
    end
  end
  message_of = lambda do |error|
    error.message
  rescue Exception
    "<no message>"
  end
  report_error = lambda do |error, ran|
    frames = frames_of[error]
    reason = ""
    reason = "memory" if error.is_a?(NoMemoryError)
    if error.is_a?(SyntaxError) && frames.empty? && !ran.call
      reason = "syntax"
      place = message_of[error][/\A#{Regexp.escape(script)}:(\d+)/, 1]
      frames = [{ file: script, line: place.to_i, function: "<main>" }] if place
    end
    total = frames.length
    frames = frames[0, max_frames / 2] + frames[-max_frames / 2, max_frames / 2] if total > max_frames
    causes = []
    cause = error.cause
    while cause && causes.length < 4
      causes << { type: cause.class.name.to_s, message: message_of[cause] }
      cause = cause.cause
    end
    report[{ kind: "error", reason: reason, type: error.class.name || "anonymous class", message: message_of[error],
             frames: frames.reverse, total_frames: total, causes: causes }]
  end

  report[{ kind: "hello", language: "ruby", version: RUBY_VERSION }]
  [[Kernel, %i[system spawn exec fork `]], [Process, %i[spawn exec fork]]].each do |owner, names|
    names.each do |name|
      original = owner.singleton_class.instance_method(name)
      wrapped = proc { |*args, **options, &block| attempt["#{owner}.#{name}", args]; original.bind_call(owner, *args, **options, &block) }
      owner.define_singleton_method(name, &wrapped)
      if owner == Kernel
        Kernel.define_method(name, &wrapped)
        Kernel.send(:private, name)
      end
    rescue NameError
      next
    end
  end
  # Output written before a run is stopped must not be lost in a buffer.
  $stdout.sync = true
  $0 = script
  source = File.binread(script)
  if (at = source.index(/^__END__\r?\n/))
    data = File.open(script)
    data.seek(at + source[at..].index("\n") + 1)
    Object.const_set(:DATA, data)
  end
  reserve = "\0" * (1 << 18)
  started = false
  watch = TracePoint.new(:line) do |point|
    if point.path == script
      started = true
      watch.disable
    end
  end
  begin
    watch.enable
    load script
  rescue SystemExit
    raise
  rescue Exception => error
    reserve = nil
    watch.disable
    report_error[error, -> { started }]
    own_lines = (error.backtrace || []).reject { |line| line.start_with?(own) }
    own_lines << script if own_lines.empty?
    error.set_backtrace(own_lines.map { |line| line.sub("<top (required)>", "<main>") })
    raise
  end
end.call
