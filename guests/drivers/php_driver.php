<?php
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Started by the PHP guest in place of the user's script, which it then includes. It tells the runtime, as JSON lines on a
// descriptor of its own, of the uncaught exception, and gives scripts the standard error that this build of PHP cannot
// open. What it reports is said by the guest, so the runtime treats it as untrusted. An error that PHP itself calls fatal,
// and an uncaught exception that reached PHP, would end this build with a trap: nothing of PHP's runs after it.

/** Standard error: a line at a time through PHP's own log, the only way there is to it. */
class DewarStandardError
{
    public $context;
    private $line = '';

    public function stream_open($path, $mode, $options, &$opened)
    {
        return true;
    }

    public function stream_write($data)
    {
        $lines = explode("\n", $this->line . $data);
        $this->line = array_pop($lines);
        foreach ($lines as $line) {
            error_log($line, 4);
        }
        return strlen($data);
    }

    public function stream_close()
    {
        if ($this->line !== '') {
            error_log($this->line, 4);
        }
    }

    public function stream_eof()
    {
        return true;
    }
}

/** What the driver does before and after the script; all of its state is here, so that the script's globals stay its own. */
final class DewarDriver
{
    private static $report;
    private static $script;

    public static function begin(): string
    {
        global $argv, $argc;
        // 'w' would seek, which ends this build with a trap.
        self::$report = @fopen($argv[1], 'a');
        self::$script = $argv[2];
        $argv = array_slice($argv, 2);
        $argc = count($argv);
        $_SERVER['argv'] = $argv;
        $_SERVER['argc'] = $argc;
        foreach (['SCRIPT_FILENAME', 'SCRIPT_NAME', 'PHP_SELF', 'PATH_TRANSLATED'] as $name) {
            $_SERVER[$name] = self::$script;
        }
        stream_wrapper_register('dewar-stderr', 'DewarStandardError');
        define('STDERR', fopen('dewar-stderr://', 'w'));
        define('STDOUT', fopen('php://output', 'w'));
        set_error_handler(static function ($level, $message, $file, $line) {
            self::tell(['kind' => 'error', 'reason' => '', 'type' => 'E_USER_ERROR', 'message' => substr($message, 0, 4096),
                'total_frames' => 1, 'frames' => [['file' => $file, 'line' => $line, 'function' => '']], 'causes' => []]);
            error_log("PHP Fatal error:  $message in $file on line $line", 4);
            exit(255);
        }, E_USER_ERROR);
        self::tell(['kind' => 'hello', 'language' => 'php', 'version' => PHP_VERSION]);
        return self::$script;
    }

    /** The end by an exception that nothing caught. */
    public static function end(Throwable $error): void
    {
        $frames = self::frames($error);
        $syntax = $error instanceof ParseError && count($frames) === 1 && $error->getFile() === self::$script;
        $causes = [];
        for ($cause = $error->getPrevious(); $cause && count($causes) < 4; $cause = $cause->getPrevious()) {
            $causes[] = ['type' => get_class($cause), 'message' => substr($cause->getMessage(), 0, 1024)];
        }
        self::tell(['kind' => 'error', 'reason' => $syntax ? 'syntax' : '', 'type' => get_class($error),
            'message' => substr($error->getMessage(), 0, 4096), 'total_frames' => count($frames), 'causes' => $causes,
            'frames' => count($frames) > 32 ? array_merge(array_slice($frames, 0, 16), array_slice($frames, -16)) : $frames]);
        $handler = set_exception_handler(null);
        if ($handler) {
            $handler($error);
            return;
        }
        $text = ($syntax ? 'PHP Parse error:  ' : 'PHP Fatal error:  Uncaught ' . get_class($error) . ': ') .
            "{$error->getMessage()} in {$error->getFile()}:{$error->getLine()}";
        foreach ($syntax ? [] : array_reverse($frames) as $i => $frame) {
            $text .= "\n#$i {$frame['file']}({$frame['line']}): {$frame['function']}";
        }
        error_log($text, 4);
    }

    /** Outermost first; a frame names the function that it is in, PHP's trace the one that was called. */
    private static function frames(Throwable $error): array
    {
        $out = [];
        $at = ['file' => $error->getFile(), 'line' => $error->getLine()];
        foreach ($error->getTrace() as $frame) {
            if (str_starts_with($frame['file'] ?? '', '/dewar/.')) {
                break;
            }
            $out[] = $at + ['function' => ($frame['class'] ?? '') . ($frame['type'] ?? '') . $frame['function']];
            $at = ['file' => $frame['file'] ?? '[internal]', 'line' => $frame['line'] ?? 0];
        }
        $out[] = $at + ['function' => '{main}'];
        return array_reverse($out);
    }

    private static function tell(array $record): void
    {
        $flags = JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_UNESCAPED_SLASHES;
        if (self::$report) {
            @fwrite(self::$report, json_encode($record, $flags) . "\n");
        }
    }
}

try {
    include DewarDriver::begin();
} catch (Throwable $dewarError) {
    DewarDriver::end($dewarError);
    exit(255);
}
