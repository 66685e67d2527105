#include "dashboards/service/api/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace loam::dashboards {
namespace {

using ::testing::HasSubstr;

TEST(PageTest, ThePolicyNamesEachScriptByItsHash) {
  // echo -n "alert('Hello, world.');" | openssl dgst -sha256 -binary | base64
  EXPECT_THAT(ContentPolicyOf("<p><script type=\"module\">alert('Hello, world.');</script>"),
              HasSubstr("script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=';"));
  EXPECT_THAT(ContentPolicyOf("<p>none"), HasSubstr("script-src 'none';"));
  EXPECT_THAT(ContentPolicyOf("<script>"), HasSubstr("script-src 'none';"));
}

TEST(PageTest, EncodingsAreThoseThatTheClientNames) {
  const auto accepts = [](const char *header, const char *encoding) {
    return Accepts({"GET", "/", {}, {{"accept-encoding", header}}, "", ""}, encoding);
  };
  EXPECT_TRUE(accepts("gzip, deflate, br, zstd", "zstd"));
  EXPECT_TRUE(accepts("GZIP;q=0.5", "gzip"));
  EXPECT_FALSE(accepts("gzip;q=0", "gzip"));
  EXPECT_FALSE(accepts("xgzip", "gzip"));
  EXPECT_FALSE(accepts("", "gzip"));
}

TEST(PageTest, APageThatTheClientHasIsNotSentAgain) {
  const Page page("<p>" + std::string(1000, 'x'));
  const Reply first = page.Get({"GET", "/", {}, {}, "", ""});
  EXPECT_EQ(first.body->size(), 1003u);
  std::string etag;
  for (const auto &[name, value] : first.headers) {
    if (name == "ETag") etag = value;
  }
  EXPECT_EQ(page.Get({"GET", "/", {}, {{"if-none-match", etag}}, "", ""}).status, 304);
  EXPECT_LT(page.Get({"GET", "/", {}, {{"accept-encoding", "gzip"}}, "", ""}).body->size(), 100u);
}

}  // namespace
}  // namespace loam::dashboards
