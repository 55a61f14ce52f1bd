# Arguments: a port to send from, an address and a port to send to. Once a second, from one socket.
use strict; use warnings; use IO::Socket::INET;
my ($own, $address, $port) = @ARGV;
my $socket = IO::Socket::INET->new(Proto => 'udp', LocalPort => $own, PeerAddr => $address, PeerPort => $port) or exit 1;
while (1) { send $socket, "swarmproof\n", 0; sleep 1 }
