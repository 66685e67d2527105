// Whatever comes: a clear error in one line, nothing stored, the server goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "dashboards/testing/client.h"
#include "dashboards/testing/made_up_run.h"
#include "dashboards/testing/served.h"
#include "nlohmann/json.hpp"

namespace loam::dashboards {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class BadInputTest : public ::testing::Test {
 protected:
  explicit BadInputTest(const std::vector<std::string> &flags = {"--run_mib_max", "4",
                                                                 "--request_timeout_s", "2"},
                        const std::vector<std::string> &environment = {})
      : server_(TestFolder() + "/r.db", flags, environment) {}

  void ExpectNothingStored() const {
    const Answer answer = Get(server_.Url("/api/v1/runs"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(json::parse(answer.body, nullptr, false).value("total", -1), 0);
  }

  // An answer of that status, whose error is one line that says `because`.
  static void ExpectError(const Answer &answer, int status, const std::string &because) {
    EXPECT_EQ(answer.status, status) << answer.body;
    const json body = json::parse(answer.body, nullptr, false);
    ASSERT_TRUE(body.is_object()) << answer.body;
    const std::string error = body.value("error", "");
    EXPECT_THAT(error, HasSubstr(because));
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  }

  void ExpectRefused(const std::string &body, const std::string &because, int status = 400) const {
    ExpectError(Post(server_.Url("/api/v1/runs"), body), status, because);
  }

  int64_t PeakKib() {
    std::ifstream file("/proc/" + std::to_string(server_.process().id()) + "/status");
    for (std::string word; file >> word;) {
      int64_t kib = 0;
      if (word == "VmHWM:" && file >> kib) return kib;
    }
    return 0;
  }

  Served server_;
};

TEST_F(BadInputTest, WhatIsNoResultFile) {
  ExpectRefused("", "not JSON");
  ExpectRefused("{", "not JSON");
  ExpectRefused("<html>", "not JSON");
  ExpectRefused(std::string(1000, '\0'), "not JSON");
  ExpectRefused("{\"schema\": \"\xff\xfe\"}", "not JSON");
  ExpectRefused("[]", "not a result file of schema loam-matrix-v1");
  ExpectRefused("{\"schema\": \"loam-matrix-v2\"}", "not a result file of schema loam-matrix-v1");
  ExpectRefused(MadeUpFile(1).substr(0, 3000), "not JSON");
  ExpectRefused(MadeUpFile(1) + "x", "not JSON");
  ExpectNothingStored();
}

TEST_F(BadInputTest, WhatDoesNotKeepToTheSchema) {
  const auto with = [](const char *pointer, json value) {
    json run = MadeUpRun(1);
    run[json::json_pointer(pointer)] = std::move(value);
    return run.dump();
  };
  ExpectRefused(with("/context/rounds", 0), "context.rounds");
  ExpectRefused(with("/context/date", "yesterday"), "context.date");
  ExpectRefused(with("/context/date", "2026-13-77T"), "no time");
  ExpectRefused(with("/context/host_name", "my laptop"), "context.host_name");
  ExpectRefused(with("/context/baseline_allocator", "hoard"), "the baseline is not listed: hoard");
  ExpectRefused(with("/cells/1/time/median", -1), "cells.1.time.median");
  ExpectRefused(with("/cells/1/allocator", "hoard"), "allocator that is not listed");
  ExpectRefused(with("/cells/1/workload", "micro/none"), "workload that is not listed");
  ExpectRefused(with("/cells/1/name", MadeUpRun(1)["cells"][0]["name"]), "two cells are called");
  ExpectRefused(with("/cells/1/threads", 2'000'000), "too many threads");
  ExpectRefused(with("/benchmarks/0/name", "none"), "a cell that is not listed");
  ExpectRefused(with("/allocators", json::array()), "allocators");
  ExpectRefused(with("/cells", 5), "cells");
  ExpectRefused(with("/context/libc", std::string(5000, 'x')), "longer than 4096 bytes");
  // Patterns are matched by recursion: as long as may be, and not a byte more.
  ExpectRefused(with("/context/host_name", "machine-" + std::string(4080, 'a') + "!"), "host_name");
  ExpectNothingStored();
}

TEST_F(BadInputTest, DeepNesting) {
  constexpr size_t kDeep = 1'000'000;
  ExpectRefused(std::string(kDeep, '['), "nested more than");
  std::string objects;
  for (size_t i = 0; i < kDeep / 5; i++) objects += "{\"a\":";
  ExpectRefused(objects, "nested more than");
  ExpectNothingStored();
}

TEST_F(BadInputTest, AGibibyteIsRefusedInBoundedMemory) {
  const std::string piece(1 << 20, ' ');
  constexpr int kPieces = 1024;
  // With its length said, and without.
  for (const bool chunked : {false, true}) {
    RawConnection connection(server_.port());
    connection.Send(
        "POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
        std::string(chunked ? "Transfer-Encoding: chunked" : "Content-Length: 1073741824") +
        "\r\n\r\n");
    for (int i = 0; i < kPieces; i++) {
      if (!connection.Send(chunked ? "100000\r\n" + piece + "\r\n" : piece)) break;
    }
    if (chunked) connection.Send("0\r\n\r\n");
    const std::string answer = connection.ReadAll(20);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 4"));
    // A slow machine may be too slow for so much.
    EXPECT_TRUE(answer.find("the body is larger than 4194304 bytes") != std::string::npos ||
                answer.find("too long to come") != std::string::npos)
        << answer;
  }
  EXPECT_LT(PeakKib(), 100 * 1024);
  // One that asks first is told at once.
  RawConnection polite(server_.port());
  polite.Send(
      "POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1073741824\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_THAT(polite.ReadAll(1), StartsWith("HTTP/1.1 413"));
  ExpectNothingStored();
}

TEST_F(BadInputTest, MarkupIsDataAndServedAsData) {
  const std::string markup = "</script><script>alert(1)</script><img src=x onerror=alert(1)>";
  json run = MadeUpRun(1);
  for (const char *pointer :
       {"/context/kernel", "/context/cpu_model", "/context/libc", "/context/compiler",
        "/allocators/1/version", "/workloads/0/stresses"}) {
    run[json::json_pointer(pointer)] = markup;
  }
  const Answer added = Post(server_.Url("/api/v1/runs?label=%3Cb%3Ebold%3C/b%3E"), run.dump());
  ASSERT_EQ(added.status, 201) << added.body;
  const std::string id = json::parse(added.body).at("id");
  for (const std::string &path : {std::string("/api/v1/runs"), "/api/v1/runs/" + id}) {
    const Answer answer = Get(server_.Url(path));
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
    EXPECT_THAT(answer.body, HasSubstr("alert(1)"));
  }
  EXPECT_EQ(json::parse(Get(server_.Url("/api/v1/runs")).body).at("runs").at(0).at("label"),
            "<b>bold</b>");
}

TEST_F(BadInputTest, PathsThatLeadElsewhere) {
  for (const char *path : {"/../../etc/passwd", "/..%2f..%2fetc/passwd",
                           "/assets/../../../etc/passwd", "/api/v1/runs/../../../etc/passwd",
                           "/api/v1/runs/..%2f..%2fetc%2fpasswd", "/api/v1/", "/api/v1/runs/abc",
                           "/api/v1/runs/"
                           "zzzzzzzzzzzzzzzz",
                           "/api/v1/runs/0123456789abcdef", "/api/v1/runs/'%20OR%201=1--",
                           "/api/v2/runs", "//etc/passwd", "/api/v1/runs/%00"}) {
    ExpectError(Get(server_.Url(path)), 404, "there is no");
  }
}

TEST_F(BadInputTest, ValuesOfQueries) {
  ExpectError(Get(server_.Url("/api/v1/runs?limit=0")), 400, "limit is not a number from 1");
  ExpectError(Get(server_.Url("/api/v1/runs?limit=many")), 400, "limit is not a number");
  ExpectError(Get(server_.Url("/api/v1/runs?before=1;DROP")), 400, "before is not a cursor");
  ExpectError(Get(server_.Url("/api/v1/history?workload=a&allocator=b")), 400, "metric is missing");
  ExpectError(Get(server_.Url("/api/v1/history?workload=a&allocator=b&metric=c&threads=-1")), 400,
              "threads is not a number");
  for (const char *label : {"%ff%fe", "a%0ab", "%1b[2J"}) {
    ExpectError(Post(server_.Url(std::string("/api/v1/runs?label=") + label), MadeUpFile(1)), 400,
                "label is not a line of UTF-8");
  }
  ExpectError(Post(server_.Url("/api/v1/runs?label=" + std::string(300, 'x')), MadeUpFile(1)), 400,
              "label is longer");
  ExpectNothingStored();
}

TEST_F(BadInputTest, MethodsThatAnAddressDoesNotTake) {
  ExpectError(Post(server_.Url("/"), ""), 405, "does not take that method");
  ExpectError(Post(server_.Url("/api/v1/about"), ""), 405, "does not take that method");
  ExpectError(Post(server_.Url("/api/v1/about"), "body"), 413, "takes no body");
}

TEST_F(BadInputTest, SlowRequestsAreGivenUp) {
  RawConnection body(server_.port()), header(server_.port()), line(server_.port());
  body.Send("POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
  header.Send("GET / HTTP/1.1\r\nHost: loc");
  line.Send("GE");
  // A byte now and then keeps no connection.
  for (int i = 0; i < 12; i++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    body.Send("x");
    header.Send("a");
  }
  EXPECT_THAT(body.ReadAll(10), HasSubstr("the request took too long to come"));
  EXPECT_THAT(header.ReadAll(10), StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(line.ReadAll(10), "");
  ExpectNothingStored();
}

TEST_F(BadInputTest, HalfClosedConnectionsStoreNothing) {
  RawConnection connection(server_.port());
  const std::string file = MadeUpFile(1);
  connection.Send("POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                  std::to_string(file.size()) + "\r\n\r\n" + file.substr(0, file.size() - 1));
  connection.CloseSendingHalf();
  EXPECT_EQ(connection.ReadAll(10), "");
  ExpectNothingStored();
  EXPECT_THAT(server_.process().Stderr(), HasSubstr("a request was cut off"));
  // Whole, and closed then: it is answered.
  RawConnection whole(server_.port());
  whole.Send(
      "POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
      std::to_string(file.size()) + "\r\n\r\n" + file);
  whole.CloseSendingHalf();
  EXPECT_THAT(whole.ReadAll(10), StartsWith("HTTP/1.1 201"));
}

TEST_F(BadInputTest, WhatIsNoHttp) {
  for (const std::string &bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9), std::string("\r\n\r\n\r\n"),
        std::string(100'000, 'A'), "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'b'),
        std::string("GET / HTTP/1.1\r\n\r\n"), std::string("GET /\r\n\r\n"),
        std::string("POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked"
                    "\r\n\r\nzz\r\n")}) {
    RawConnection connection(server_.port());
    connection.Send(bytes);
    const std::string answer = connection.ReadAll(5);
    EXPECT_TRUE(answer.empty() || answer.rfind("HTTP/1.1 4", 0) == 0 ||
                answer.rfind("HTTP/1.0 4", 0) == 0)
        << answer;
  }
  ExpectNothingStored();
}

TEST_F(BadInputTest, AnotherHost) {
  for (const char *host : {"evil.example", "evil.example:80", "localhost.evil.example"}) {
    const std::vector<std::string> headers = {std::string("Host: ") + host};
    ExpectError(Get(server_.Url("/api/v1/runs"), headers), 421, "does not go by that Host");
    ExpectError(Post(server_.Url("/api/v1/runs"), MadeUpFile(1), headers), 421, "Host");
  }
  EXPECT_EQ(Get(server_.Url("/"), {"Host: localhost"}).status, 200);
  EXPECT_EQ(Get(server_.Url("/"), {"Host: [::1]:99"}).status, 200);
  ExpectNothingStored();
}

TEST_F(BadInputTest, APageFromElsewhere) {
  for (const char *header :
       {"Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"}) {
    ExpectError(Post(server_.Url("/api/v1/runs"), MadeUpFile(1), {header}), 403, "from elsewhere");
  }
  ExpectNothingStored();
  const std::string own = server_.Url("");
  EXPECT_EQ(Post(server_.Url("/api/v1/runs"), MadeUpFile(1), {"Origin: " + own}).status, 201);
}

class TokenTest : public BadInputTest {
 protected:
  TokenTest() : BadInputTest({"--listen", "0.0.0.0"}, {"LOAM_TOKEN=a token that is right"}) {}

  std::string Runs() const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/api/v1/runs";
  }
};

TEST_F(TokenTest, WritesNeedIt) {
  ExpectError(Post(Runs(), MadeUpFile(1)), 401, "needs a token");
  for (const char *token : {"Bearer a token that is wrong", "Bearer", "Bearer ",
                            "Bearer a token that is right and longer", "Basic YTpi"}) {
    ExpectError(Post(Runs(), MadeUpFile(1), {std::string("Authorization: ") + token}), 401,
                "token");
  }
  EXPECT_EQ(json::parse(Get(Runs()).body).at("total"), 0);
  EXPECT_EQ(Post(Runs(), MadeUpFile(1), {"Authorization: Bearer a token that is right"}).status,
            201);
}

}  // namespace
}  // namespace loam::dashboards
