#include "dashboards/service/http/guard.h"

#include <gtest/gtest.h>

namespace loam::dashboards {
namespace {

TEST(GuardTest, LoopbackAddresses) {
  EXPECT_TRUE(IsLoopback("127.0.0.1"));
  EXPECT_TRUE(IsLoopback("127.1.2.3"));
  EXPECT_TRUE(IsLoopback("::1"));
  for (const char *address : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost", ""}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(GuardTest, NamesThatItGoesBy) {
  const Guard guard({"", {"bench.example"}});
  for (const char *host : {"localhost", "LOCALHOST:80", "127.0.0.1:80", "[::1]:80", "10.0.0.7",
                           "bench.example:8080", "Bench.Example"}) {
    EXPECT_FALSE(guard.Refuse({"GET", "/", {}, {{"host", host}}, "", ""})) << host;
  }
  for (const char *host : {"example", "xbench.example", "", ":80", "1.2.3", "[::1", "[evil]"}) {
    EXPECT_TRUE(guard.Refuse({"GET", "/", {}, {{"host", host}}, "", ""})) << host;
  }
}

TEST(GuardTest, ReadsNeedNoToken) {
  const Guard guard({"a secret of some length", {}});
  EXPECT_FALSE(guard.Refuse({"GET", "/", {}, {{"host", "localhost"}}, "", ""}));
  EXPECT_EQ(guard.Refuse({"POST", "/", {}, {{"host", "localhost"}}, "", ""})->status, 401);
  EXPECT_EQ(guard.Refuse({"DELETE", "/", {}, {{"host", "localhost"}}, "", ""})->status, 401);
  const Request right = {
      "POST", "/", {}, {{"host", "localhost"}, {"authorization", "bearer a secret of some length"}},
      "",     ""};
  EXPECT_FALSE(guard.Refuse(right));
}

}  // namespace
}  // namespace loam::dashboards
