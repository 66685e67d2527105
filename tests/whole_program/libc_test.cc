// Blocks that libc allocates inside and the program frees, and the reverse; and
// a fork while other threads are inside the allocator.

#include <glob.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <regex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <cwchar>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/stamp.h"

namespace loam::test {
namespace {

TEST(LibcTest, Getline) {
  FILE *stream = tmpfile();
  ASSERT_NE(stream, nullptr);
  for (size_t length = 1; length < 100000; length = length * 3 + 1) {
    fprintf(stream, "%s\n", std::string(length, 'x').c_str());
  }
  rewind(stream);
  auto *line = static_cast<char *>(malloc(1));
  size_t capacity = 1;
  size_t expected = 1;
  for (ssize_t got; (got = getline(&line, &capacity, stream)) > 0; expected = expected * 3 + 1) {
    EXPECT_EQ(static_cast<size_t>(got), expected + 1);
    EXPECT_GE(capacity, expected + 1);
  }
  EXPECT_GT(expected, 100000u);
  free(line);
  fclose(stream);
}

TEST(LibcTest, StringsThatLibcAllocates) {
  char *text = nullptr;
  ASSERT_EQ(asprintf(&text, "%0*d", 30000, 7), 30000);
  EXPECT_EQ(strlen(text), 30000u);
  char *copy = strdup(text);
  char *part = strndup(text, 100);
  wchar_t *wide = wcsdup(L"a wide string");
  EXPECT_STREQ(copy, text);
  EXPECT_EQ(strlen(part), 100u);
  EXPECT_EQ(wcscmp(wide, L"a wide string"), 0);
  text = static_cast<char *>(realloc(text, 60000));
  EXPECT_EQ(strlen(text), 30000u);
  for (void *block : {static_cast<void *>(text), static_cast<void *>(copy),
                      static_cast<void *>(part), static_cast<void *>(wide)}) {
    free(block);
  }
  char *folder = getcwd(nullptr, 0);
  ASSERT_NE(folder, nullptr);
  char *real = realpath("/proc/self/../self", nullptr);
  ASSERT_NE(real, nullptr);
  free(folder);
  free(real);
}

TEST(LibcTest, StreamsInMemory) {
  char *text = nullptr;
  size_t length = 0;
  FILE *stream = open_memstream(&text, &length);
  ASSERT_NE(stream, nullptr);
  for (int i = 0; i < 20000; ++i) fprintf(stream, "%d ", i);
  fclose(stream);
  EXPECT_EQ(strlen(text), length);
  free(text);
}

TEST(LibcTest, LocalesTimesAndEnvironment) {
  for (const char *name : {"C", "C.UTF-8", "POSIX", "C.UTF-8"}) {
    EXPECT_NE(setlocale(LC_ALL, name), nullptr) << name;
  }
  for (int i = 0; i < 500; ++i) {
    const std::string name = "LOAM_TEST_" + std::to_string(i);
    EXPECT_EQ(setenv(name.c_str(), std::string(200, 'e').c_str(), 1), 0);
  }
  const time_t now = 1000000000;
  tm parts;
  EXPECT_NE(localtime_r(&now, &parts), nullptr);
  setlocale(LC_ALL, "C");
}

TEST(LibcTest, NamesPatternsAndFiles) {
  addrinfo *found = nullptr;
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST;
  EXPECT_EQ(getaddrinfo("127.0.0.1", "80", &hints, &found), 0);
  if (found != nullptr) freeaddrinfo(found);
  regex_t regex;
  ASSERT_EQ(regcomp(&regex, "^(a|b)*c{2,5}[[:digit:]]+$", REG_EXTENDED), 0);
  EXPECT_EQ(regexec(&regex, "ababccc42", 0, nullptr, 0), 0);
  regfree(&regex);
  glob_t files = {};
  EXPECT_EQ(glob("/proc/self/*", 0, nullptr, &files), 0);
  EXPECT_GT(files.gl_pathc, 10u);
  globfree(&files);
}

TEST(LibcTest, Qsort) {
  std::vector<std::string> words;
  Random random(3);
  std::vector<uint64_t> numbers(200000);  // large enough for libc to allocate
  for (uint64_t &number : numbers) number = random.Next();
  qsort(numbers.data(), numbers.size(), sizeof(numbers[0]), [](const void *a, const void *b) {
    const uint64_t left = *static_cast<const uint64_t *>(a);
    const uint64_t right = *static_cast<const uint64_t *>(b);
    return left < right ? -1 : left > right ? 1 : 0;
  });
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

// popen, system and posix_spawn fork or clone inside libc.
TEST(LibcTest, ProcessesThatLibcStarts) {
  EXPECT_EQ(system("exit 3"), 3 << 8);
  FILE *stream = popen("echo from a child", "r");
  ASSERT_NE(stream, nullptr);
  char line[100] = "";
  EXPECT_NE(fgets(line, sizeof(line), stream), nullptr);
  EXPECT_STREQ(line, "from a child\n");
  EXPECT_EQ(pclose(stream), 0);
}

// What a child does; `block` was allocated and stamped by its parent.
[[noreturn]] void RunForkedChild(void *block) {
  alarm(30);
  if (!IsStamped(block, 5000, 1)) _exit(1);
  free(block);
  std::vector<std::string> words;
  for (int i = 0; i < 2000; ++i) words.emplace_back(static_cast<size_t>(i), 'c');
  words.clear();
  std::thread([] { free(malloc(1000)); }).join();
  char *text = nullptr;
  if (asprintf(&text, "%d", getpid()) < 0) _exit(2);
  free(text);
  exit(0);  // with destructors and atexit handlers
}

TEST(ForkTest, FromAProcessWhoseThreadsAllocate) {
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (uint64_t id = 0; id < 4; ++id) {
    threads.emplace_back([id, &done] {
      Random random(id);
      std::vector<std::string> words(100);
      while (!done) words[random.Below(100)] = std::string(random.BlockSize(200000), 'p');
    });
  }
  for (int i = 0; i < 40; ++i) {
    void *block = malloc(5000);
    Stamp(block, 5000, 1);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) RunForkedChild(block);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << (WIFSIGNALED(status) ? "signal " : "exit status ")
                         << (WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    free(block);
  }
  done = true;
  for (std::thread &thread : threads) thread.join();
}

}  // namespace
}  // namespace loam::test
