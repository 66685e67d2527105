# needs: tar xz gzip sha256sum
mkdir tree
cp -r /usr/include/linux tree/
tar --sort=name --mtime=@0 --owner=0 --group=0 -cf tree.tar tree
xz -1 -T2 --block-size=1MiB -k tree.tar
xz -dc tree.tar.xz | sha256sum
gzip -n -6 < tree.tar | sha256sum
mkdir out
tar -C out -xf tree.tar.xz
diff -r tree out/tree
echo same
