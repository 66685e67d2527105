// Prints the table of promises, for README.md.

#include <cstdio>

#include "tests/misuse/promises.h"

int main() { fputs(loam::test::PromisesAsMarkdown().c_str(), stdout); }
