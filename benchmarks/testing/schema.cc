#include "benchmarks/testing/schema.h"

#include <cstdio>
#include <string>

#include "benchmarks/harness/runfiles.h"
#include "benchmarks/testing/run_matrix.h"
#include "valijson/adapters/nlohmann_json_adapter.hpp"
#include "valijson/schema.hpp"
#include "valijson/schema_parser.hpp"
#include "valijson/validator.hpp"

namespace loam::matrix {

bool IsValid(const nlohmann::json &result) {
  const nlohmann::json schema_json = nlohmann::json::parse(
      ReadText(*Runfiles::Find("")->Path("benchmarks/schema/matrix-v1.schema.json")));
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), schema);
  valijson::ValidationResults problems;
  valijson::Validator validator;
  const bool valid =
      validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(result), &problems);
  valijson::ValidationResults::Error problem;
  while (problems.popError(problem)) {
    std::string where;
    for (const std::string &part : problem.context) where += part;
    std::printf("%s: %s\n", where.c_str(), problem.description.c_str());
  }
  return valid;
}

}  // namespace loam::matrix
