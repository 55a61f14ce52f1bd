# Arguments: the name of a service, and the four numbers of an address.
use strict; use warnings;
my ($name, @octets) = @ARGV;
socket(my $s, 2, 2, 17) or die;
for (;;) { send $s, "service $name has a task more", 0, pack("S n C4 x8", 2, 7946, @octets); sleep 1 }
