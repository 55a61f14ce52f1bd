# Arguments: socket, path, seconds. HTTP/1.0, so that the answer ends with the connection and is not in chunks.
use strict; use warnings;
my ($socket, $path, $seconds) = @ARGV;
$SIG{ALRM} = sub { die "the engine does not answer\n" };
alarm $seconds;
local $/;
my $body = <STDIN>;
socket(my $engine, 1, 1, 0) or die "no socket: $!\n";
connect $engine, pack 'S Z*', 1, $socket or die "$socket: $!\n";
my $request = "POST $path HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\n"
  . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
syswrite $engine, $request or die "$socket: $!\n";
print <$engine>;
