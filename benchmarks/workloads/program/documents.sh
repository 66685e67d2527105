#!/bin/sh
# Makes documents.json, one document a line, for jq_documents.
set -eu
awk 'BEGIN {
  for (i = 0; i < 6000; i++) {
    printf "{\"id\":%d,\"name\":\"person %d\",\"tags\":[\"tag%d\",\"tag%d\",\"tag%d\"],", i, i * 7919 % 10007, i % 7, i % 31, i % 101;
    printf "\"address\":{\"city\":\"city %d\",\"position\":[%.4f,%.4f]},\"active\":%s}\n", i % 321, i * 0.37 % 180, i * 0.73 % 90, i % 3 ? "true" : "false";
  }
}' >documents.json
