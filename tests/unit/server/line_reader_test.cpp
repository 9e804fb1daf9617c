// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lines and their bound, however the bytes arrive; a client that takes nothing.
#include "server/line_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "boundary/unique_fd.h"
#include "server/output.h"

namespace dewar::server {
namespace {

using Event = LineReader::Event;

struct Pipe {
  Pipe() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    in.reset(fds[0]);
    out.reset(fds[1]);
  }
  void put(std::string_view text) {
    EXPECT_EQ(::write(out.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  boundary::UniqueFd in, out;
};

TEST(LineReader, LinesHoweverTheyArrive) {
  Pipe pipe;
  LineReader reader(pipe.in.get(), 8);
  EXPECT_EQ(reader.next(0), Event::timeout);
  pipe.put("one\n\ntw");
  EXPECT_EQ(reader.next(-1), Event::line);
  EXPECT_EQ(reader.line(), "one");
  EXPECT_EQ(reader.next(-1), Event::line);
  EXPECT_EQ(reader.line(), "");
  EXPECT_EQ(reader.next(0), Event::timeout);
  pipe.put("o\nlast");
  EXPECT_EQ(reader.next(-1), Event::line);
  EXPECT_EQ(reader.line(), "two");
  pipe.out.reset();
  EXPECT_EQ(reader.next(-1), Event::line);
  EXPECT_EQ(reader.line(), "last");
  EXPECT_EQ(reader.next(-1), Event::end);
  EXPECT_EQ(reader.next(-1), Event::end);
}

TEST(LineReader, TheBoundIsExact) {
  Pipe pipe;
  LineReader reader(pipe.in.get(), 8);
  pipe.put("12345678\n123456789\nok\n");
  EXPECT_EQ(reader.next(-1), Event::line);
  EXPECT_EQ(reader.line(), "12345678");
  EXPECT_EQ(reader.next(-1), Event::too_long);
  EXPECT_EQ(reader.line(), "");
  EXPECT_EQ(reader.next(-1), Event::line);
  EXPECT_EQ(reader.line(), "ok");
}

TEST(LineReader, OneLongLineIsOneEvent) {
  Pipe pipe;
  LineReader reader(pipe.in.get(), 8);
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) pipe.put(std::string(1000, 'x'));
    pipe.put("\nok\n");
    pipe.put(std::string(100'000, 'y'));
    pipe.out.reset();
  });
  EXPECT_EQ(reader.next(-1), Event::too_long);
  EXPECT_EQ(reader.next(-1), Event::line);
  EXPECT_EQ(reader.line(), "ok");
  EXPECT_EQ(reader.next(-1), Event::too_long) << "a last line without an end, too";
  EXPECT_EQ(reader.next(-1), Event::end);
  writer.join();
}

TEST(LineReader, ADescriptorThatFailsIsAnEnd) {
  LineReader reader(-1, 8);
  EXPECT_EQ(reader.next(0), Event::timeout) << "poll ignores it";
  Pipe pipe;
  LineReader wrong_end(pipe.out.get(), 8);
  pipe.in.reset();
  EXPECT_EQ(wrong_end.next(-1), Event::end);
}

TEST(Output, WholeLinesFromManyThreads) {
  Pipe pipe;
  Output output(pipe.out.get());
  std::vector<std::thread> threads;
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([&output, c] {
      for (int i = 0; i < 20; ++i) EXPECT_TRUE(output.send(std::string(10'000, c)));
    });
  }
  LineReader reader(pipe.in.get(), 10'000);
  for (int i = 0; i < 80; ++i) {
    ASSERT_EQ(reader.next(-1), Event::line);
    ASSERT_EQ(reader.line().size(), 10'000u);
    EXPECT_EQ(reader.line().find_first_not_of(reader.line()[0]), std::string_view::npos);
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Output, AClientThatIsGoneOrStuckHoldsNobodyUp) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe stuck;
  Output output(stuck.out.get(), 10);
  EXPECT_FALSE(output.send(std::string(1 << 20, 'x'))) << "a pipe holds less";
  EXPECT_TRUE(output.gone());
  EXPECT_FALSE(output.send("x"));
  Pipe closed;
  closed.in.reset();
  Output gone(closed.out.get());
  EXPECT_FALSE(gone.send("x"));
  EXPECT_TRUE(gone.gone());
}

}  // namespace
}  // namespace dewar::server
