# needs: awk sort uniq sha256sum find
awk 'BEGIN { for (i = 0; i < 200000; i++) print (i * 7919) % 100003, "line", i }' > numbers
sort -n --parallel=4 -S 4M numbers > sorted
sort -k1,1 -u numbers | sha256sum
sha256sum < sorted
awk '{ count[$1 % 977] += $3; words[$1] = words[$1] $2 }
     END { for (key in count) total += count[key]; print total, length(words) }' numbers
find /usr/include -name 'std*.h' | sort | xargs cat | wc
