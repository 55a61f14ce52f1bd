# Reads targets and secrets, then asks in turns until its input ends; says every second how much.
use strict; use warnings; use Socket; use IO::Handle;
my (@targets, @secrets);
while (my $line = <STDIN>) {
  chomp $line; last if $line eq 'go';
  my ($kind, @rest) = split / /, $line;
  if ($kind eq 'secret') { push @secrets, @rest } else { push @targets, [$kind, @rest] }
}
my $words = join ' ', @secrets;
my $request = "GET /account HTTP/1.0\r\nHost: shop\r\nCookie: session=$secrets[0]\r\nAuthorization: Basic $secrets[1]\r\n\r\n";
my $long = substr("$words " x 200, 0, 4000);
my ($sent, $answered, $told) = (0, 0, time);
$SIG{PIPE} = 'IGNORE';
STDOUT->autoflush(1);
while (1) {
  for my $target (@targets) {
    my $ready = ''; vec($ready, 0, 1) = 1;
    # Emulated hosts that are asked more often have no time for what is verified.
    exit 0 if select($ready, undef, undef, 2) > 0;
    my ($kind, $address, $port) = @$target;
    my $to = sockaddr_in($port, inet_aton($address));
    if ($kind eq 'udp') {
      socket my $socket, PF_INET, SOCK_DGRAM, 0 or next;
      send($socket, $words, 0, $to); send($socket, $long, 0, $to); $sent += 2;
    } else {
      socket my $socket, PF_INET, SOCK_STREAM, 0 or next;
      setsockopt $socket, SOL_SOCKET, SO_RCVTIMEO, pack('l!l!', 3, 0);
      setsockopt $socket, SOL_SOCKET, SO_SNDTIMEO, pack('l!l!', 3, 0);
      $sent += 1;
      connect($socket, $to) or next;
      syswrite $socket, $request;
      my $reply = ''; 1 while sysread $socket, $reply, 65536, length $reply;
      $answered += 1 if index($reply, $words) >= 0;
    }
    if (time != $told) { print "$sent $answered\n"; $told = time }
  }
}
