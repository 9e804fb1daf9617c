// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lines for people. Nothing here is meant to be parsed: that is what --json is for.
#include "cli/run_report.h"

#include <algorithm>

#include "api/suggest.h"
#include "base/print.h"
#include "base/utf8.h"

namespace dewar::cli {

namespace {

constexpr usize kMaxFrames = 16;

std::string times(u64 count) { return count == 1 ? std::string() : " (" + base::dec(count) + " times)"; }

// A guest's text inside a line of ours: no line breaks, no control characters.
std::string quoted(std::string_view text) { return base::escape_for_terminal(text); }

std::string why(const boundary::Denial& denial) {
  if (denial.rule == "not-mounted") return "no grant covers it";
  if (denial.rule == "mount-lacks-right") return "the grant does not include " + denial.missing;
  if (denial.rule == "path-escape") return "it leads out of what is granted";
  if (denial.rule == "policy-deny") return denial.decided_by + " denies it";
  if (denial.rule == "stdin-not-granted") return "it is at its end";
  return denial.rule;
}

std::string hint_for(const api::Outcome& outcome) {
  if (outcome.cls != api::OutcomeClass::limit) return {};
  const api::LimitSpec* spec = api::find_limit_by_code(outcome.code);
  if (!spec) return {};
  constexpr const char* kUnits[] = {"N", "SIZE", "TIME"};
  return "allow more with -W " + std::string(spec->name) + "=" + kUnits[static_cast<usize>(spec->unit)];
}

}  // namespace

std::string ending_text(const api::Outcome& outcome) {
  std::string out;
  if (outcome.cls != api::OutcomeClass::trap && outcome.cls != api::OutcomeClass::limit) return out;
  out += "dewar: " + std::string(api::class_name(outcome.cls)) + "[" + outcome.code + "]: " + quoted(outcome.message) +
         "\n";
  // Frames of an interpreter say nothing about the script; they are in the JSON outcome.
  if (outcome.trap && outcome.guest_name.empty()) {
    const auto& frames = outcome.trap->frames;
    for (usize i = 0; i < std::min(frames.size(), kMaxFrames); ++i) {
      out += "  at " + quoted(frames[i].function) + " (function " + base::dec(frames[i].index) + ", byte " +
             base::hex(frames[i].offset) + ")\n";
    }
    const u64 shown = std::min(frames.size(), kMaxFrames);
    if (outcome.trap->total_frames > shown) {
      out += "  and " + base::dec(outcome.trap->total_frames - shown) + " more\n";
    }
  }
  const std::string hint = hint_for(outcome);
  if (!hint.empty()) out += "  help: " + hint + "\n";
  return out;
}

std::string outputs_text(const api::Outcome& outcome) {
  std::string out;
  if (outcome.code == "out-incomplete") {
    out += "dewar: " + std::string(api::class_name(outcome.cls)) + "[" + outcome.code +
           "]: " + quoted(outcome.message) + "\n";
  }
  if (outcome.out_space.refused > 0) {
    out += "dewar: the program filled /out (" + base::human_size(outcome.out_space.allowed) +
           "); allow more with --out DIR:MAX\n";
  }
  for (const api::SkippedOutput& skipped : outcome.skipped_outputs) {
    out += "dewar: not written: /out/" + quoted(skipped.path) + " (" + skipped.reason + ")\n";
  }
  if (outcome.unlisted_skipped_outputs) {
    out += "dewar: and " + base::dec(outcome.unlisted_skipped_outputs) + " more not written\n";
  }
  return out;
}

std::string refusals_text(const api::Outcome& outcome) {
  std::string out;
  const std::vector<api::Suggestion> suggested = api::suggestions(outcome);
  for (usize i = 0; i < outcome.denials.size(); ++i) {
    const boundary::Denial& denial = outcome.denials[i];
    out += "dewar: denied " + denial.operation + " " + quoted(denial.resource) + " (" + why(denial) + ")" +
           times(denial.count);
    if (!suggested[i].flag.empty()) {
      // To be pasted as it is: quoting it for the shell and for YAML has made it fit for a terminal.
      out += "; to allow: " + suggested[i].flag;
    } else if (!suggested[i].policy.empty()) {
      out += "; to allow, in a policy: " + suggested[i].policy;
    } else if (!suggested[i].never.empty()) {
      out += "; never suggested (" + suggested[i].never + ")";
    }
    out += "\n";
  }
  if (outcome.unlisted_denials) out += "dewar: and " + base::dec(outcome.unlisted_denials) + " more denials\n";
  if (outcome.scratch.refused > 0) {
    out += "dewar: the program filled /tmp (" + base::human_size(outcome.scratch.allowed) +
           "); allow more with --scratch SIZE\n";
  }
  for (const api::Attempt& attempt : outcome.attempts) {
    out += "dewar: the program tried " + quoted(attempt.event);
    if (!attempt.detail.empty()) out += " " + quoted(attempt.detail);
    out += ", which its interpreter does not offer" + times(attempt.count) + "\n";
  }
  if (outcome.unlisted_attempts) out += "dewar: and " + base::dec(outcome.unlisted_attempts) + " more attempts\n";
  u64 probes = outcome.unlisted_probes;
  for (const boundary::Probe& probe : outcome.probes) probes += probe.count;
  if (probes && !out.empty()) {
    out += "dewar: " + base::dec(probes) + (probes == 1 ? " look-up" : " look-ups") + " of files that are not there\n";
  }
  return out;
}

}  // namespace dewar::cli
