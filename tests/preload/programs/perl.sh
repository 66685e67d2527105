# needs: perl
cat > work.pl <<'END'
my (%words, @rows);
for my $i (0 .. 150000) {
  my $key = "k" . ($i * 31 % 9973);
  push @{$words{$key}}, "value $i" x ($i % 5);
  delete $words{"k" . ($i * 17 % 9973)} if $i % 7 == 0;
  push @rows, [map { $_ * $i } 1 .. 5] if $i % 3 == 0;
}
my $text = join ",", map { "$_=" . scalar @{$words{$_}} } sort keys %words;
$text =~ s/(\d+)/<$1>/g;
print length($text), " ", scalar(@rows), " ", $rows[-1][4], "\n";
print unpack("%32C*", $text), "\n";
END
exec perl work.pl
