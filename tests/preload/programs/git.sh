# needs: git sha256sum
export GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_AUTHOR_DATE='1000000000 +0000'
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_COMMITTER_DATE='1000000000 +0000'
git init -q -b main origin
cd origin
cp -r /usr/include/linux/netfilter headers
git add .
git commit -q -m first
for i in 1 2 3 4 5; do
  sed -i "s/define/define /; ${i}p" headers/*.h
  git commit -q -a -m "change $i"
done
cd ..
git clone -q --no-local origin copy
cd copy
git gc -q --prune=now
git fsck --full --strict --no-progress
git log --stat | sha256sum
git rev-list --objects --all | wc -l
git blame headers/nf_tables.h | sha256sum
git rev-parse HEAD
