# needs: gcc g++ sha256sum
cat > words.cc <<'END'
#include <iostream>
#include <map>
#include <string>
#include <vector>

int main() {
  std::map<std::string, std::vector<int>> words;
  for (int i = 0; i < 1000; ++i) words["w" + std::to_string(i % 37)].push_back(i);
  std::cout << words.size() << "\n";
}
END
cat > sum.c <<'END'
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  long sum = 0;
  for (int i = 0; i < 1000; i++) {
    int *number = malloc(sizeof *number);
    *number = i;
    sum += *number;
    free(number);
  }
  printf("%ld\n", sum);
}
END
g++ -O2 -std=c++17 -o words words.cc
./words
gcc -O2 -g -o sum sum.c
./sum
gcc -O2 -S -o - sum.c | sha256sum
