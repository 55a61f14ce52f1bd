# Reads as many bytes of a program as its first argument says from standard input and runs them; the program finds the
# rest of the input, and all arguments.
my $c = '';
while (length($c) < $ARGV[0]) { sysread(STDIN, $c, $ARGV[0] - length $c, length $c) or exit 4 }
eval $c;
die $@ if $@;
