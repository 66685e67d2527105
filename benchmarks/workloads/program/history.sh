#!/bin/sh
# Makes history.git: a few hundred commits to a few dozen files of text, the
# same every time. What git_log and git_repack work on.
set -eu
rm -rf history.git
git init -q --bare -b main history.git
awk 'BEGIN {
  commits = 160; files = 40; lines = 120;
  for (commit = 1; commit <= commits; commit++) {
    printf "commit refs/heads/main\nmark :%d\n", commit;
    printf "committer Someone <someone@example.org> %d +0000\n", 1600000000 + commit * 3600;
    message = "Change number " commit;
    printf "data %d\n%s\n", length(message), message;
    if (commit > 1) printf "from :%d\n", commit - 1;
    for (change = 0; change < 3; change++) {
      file = (commit * 7 + change * 13) % files;
      version[file]++;
      text = "";
      for (line = 0; line < lines; line++) {
        edits = int((version[file] * 11 + line) / 17);
        text = text "file " file " line " line " edit " edits " value " (line * 7919 + edits * 104729) % 99991 "\n";
      }
      printf "M 100644 inline folder%d/file%d.txt\ndata %d\n%s\n", file % 5, file, length(text), text;
    }
  }
}' | git -C history.git fast-import --quiet
