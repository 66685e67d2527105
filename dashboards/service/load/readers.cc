#include "dashboards/service/load/readers.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"

namespace loam::dashboards {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kTimeoutS = 60;

size_t Drop(char *, size_t, size_t count, void *) { return count; }

// One reader, until the time is over.
ReadFigures Read(const std::vector<std::string> &urls, size_t first, Clock::time_point end,
                 std::chrono::milliseconds pause) {
  ReadFigures figures;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kTimeoutS);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Drop);
  for (size_t i = first; Clock::now() < end; i++) {
    const std::string &url = urls[i % urls.size()];
    curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
    const auto start = Clock::now();
    const CURLcode code = curl_easy_perform(curl.get());
    const std::chrono::duration<double, std::milli> took = Clock::now() - start;
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status == 200) {
      figures.latencies_ms.push_back(took.count());
    } else if (figures.errors++ == 0) {
      figures.first_error = absl::StrCat(url, ": ", status, " ", curl_easy_strerror(code));
    }
    std::this_thread::sleep_for(pause);
  }
  return figures;
}

}  // namespace

double ReadFigures::Quantile(double share) const {
  if (latencies_ms.empty()) return 0;
  const auto index = static_cast<size_t>(share * static_cast<double>(latencies_ms.size()));
  return latencies_ms[std::min(index, latencies_ms.size() - 1)];
}

ReadFigures ReadAll(const std::vector<std::string> &urls, int count,
                    std::chrono::milliseconds duration, std::chrono::milliseconds pause) {
  ReadFigures all;
  std::mutex mutex;
  std::vector<std::thread> readers;
  const Clock::time_point end = Clock::now() + duration;
  for (int i = 0; i < count; i++) {
    readers.emplace_back([&, i] {
      const ReadFigures figures = Read(urls, static_cast<size_t>(i), end, pause);
      const std::lock_guard<std::mutex> lock(mutex);
      all.latencies_ms.insert(all.latencies_ms.end(), figures.latencies_ms.begin(),
                              figures.latencies_ms.end());
      all.errors += figures.errors;
      if (all.first_error.empty()) all.first_error = figures.first_error;
    });
  }
  for (std::thread &reader : readers) reader.join();
  std::sort(all.latencies_ms.begin(), all.latencies_ms.end());
  return all;
}

}  // namespace loam::dashboards
