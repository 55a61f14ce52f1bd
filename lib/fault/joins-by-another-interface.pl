# Arguments: a socket to listen on, the engine's own, the advertised interface to change, and what to. A request at a time.
use strict; use warnings; use IO::Socket::UNIX;
my ($listens, $engine, $named, $taken) = @ARGV;
unlink $listens;
my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $listens, Listen => 8) or exit 1;
$SIG{PIPE} = 'IGNORE';
while (1) {
  my $client = $listener->accept or next;
  my $request = '';
  until ($request =~ /\r\n\r\n/) { last unless sysread $client, $request, 65536, length $request }
  my ($head, $body) = split /\r\n\r\n/, $request, 2;
  my ($length) = ($head // '') =~ /^Content-Length: (\d+)/mi;
  while (defined $length && length $body < $length) { last unless sysread $client, $body, 65536, length $body }
  $body //= '';
  $body =~ s/("AdvertiseAddr":")\Q$named\E"/$1$taken"/;
  my $now = length $body;
  $head =~ s/^Content-Length: \d+/Content-Length: $now/mi;
  my $asked = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $engine) or next;
  syswrite $asked, "$head\r\n\r\n$body";
  while (sysread $asked, my $answer, 65536) { last unless syswrite $client, $answer }
}
