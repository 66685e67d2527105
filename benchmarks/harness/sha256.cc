#include "benchmarks/harness/sha256.h"

#include <openssl/evp.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace loam::matrix {

namespace {

absl::StatusOr<std::string> Sha256Of(std::istream *input) {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  bool fine = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  char buffer[64 * 1024];
  while (fine && *input) {
    input->read(buffer, sizeof buffer);
    fine = EVP_DigestUpdate(context.get(), buffer, static_cast<size_t>(input->gcount())) == 1;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  fine = fine && !input->bad() && EVP_DigestFinal_ex(context.get(), digest, &length) == 1;
  if (!fine) return absl::DataLossError("cannot hash");
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char *>(digest), length));
}

}  // namespace

absl::StatusOr<std::string> Sha256OfText(const std::string &text) {
  std::istringstream input(text);
  return Sha256Of(&input);
}

absl::StatusOr<std::string> Sha256OfFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  absl::StatusOr<std::string> hash = Sha256Of(&file);
  if (!hash.ok()) return absl::DataLossError(absl::StrCat("cannot hash ", path));
  return hash;
}

}  // namespace loam::matrix
