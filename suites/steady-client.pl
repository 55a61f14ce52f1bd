# Asks for a page over each way in turn for as long as its input stands, whatever comes of it; says every second of each
# way its index, and how often it was asked, answered, refused and left without an answer, and how many answers in a
# row came last. Words: length of this program, milliseconds from request to request and for an answer, the path of a
# network namespace or `-`, the page, then ADDRESS:PORT of each way.
use strict; use warnings;
$| = 1; $SIG{PIPE} = 'IGNORE';
# Of x86-64, AArch64 and RISC-V, by the head of its own program (ELF, e_machine).
open my $exe, '<', '/proc/self/exe' or die "cannot read this program: $!\n";
sysread $exe, my $head, 20;
my $machine = unpack 'x18 S', $head;
my ($setns, $clock) = $machine == 62 ? (308, 228)
  : $machine == 183 || $machine == 243 ? (268, 113) : die "this processor is not known: $machine\n";
my ($AF_INET, $STREAM, $NONBLOCK, $SOCKET, $SO_ERROR, $EINPROGRESS) = (2, 1, 2048, 1, 4, 115);
my (undef, $every, $patience, $namespace, $page, @ways) = @ARGV;
$_ *= 1000 for $every, $patience;
if ($namespace ne '-') {
  open my $inside, '<', $namespace or die "cannot open $namespace: $!\n";
  syscall($setns, fileno($inside), 0x40000000) == 0 or die "cannot enter $namespace: $!\n";
}
my @targets = map { my ($host, $port) = split /:/; pack 'S n C4 x8', $AF_INET, $port, split /\./, $host } @ways;
my $request = "GET $page HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
sub now {
  my $time = pack 'q2', 0, 0;
  syscall($clock, 1, $time);
  my ($seconds, $nanoseconds) = unpack 'q2', $time;
  return $seconds * 1e6 + int($nanoseconds / 1000);
}
my @counts = map { { asked => 0, answered => 0, refused => 0, silent => 0, streak => 0 } } @ways;
my %open;
sub finish {
  my ($asking, $outcome) = @_;
  my $count = $counts[$asking->{way}];
  $count->{$outcome}++;
  $count->{streak} = $outcome eq 'answered' ? $count->{streak} + 1 : 0;
  delete $open{$asking->{id}};
  close $asking->{socket};
}
my ($asked, $next, $told) = (0, now(), now());
sub ask {
  my $way = $asked++ % @ways;
  socket(my $socket, $AF_INET, $STREAM | $NONBLOCK, 6) or die "cannot make a socket: $!\n";
  my $asking = $open{$asked} = { id => $asked, way => $way, socket => $socket, since => now(), reply => '', sent => 0 };
  $counts[$way]{asked}++;
  connect($socket, $targets[$way]) || $! == $EINPROGRESS or finish($asking, 'refused');
}
while (1) {
  my $now = now();
  if ($now >= $next) { ask(); $next += $every; $next = $now if $next < $now - 1e6 }
  for my $asking (values %open) { finish($asking, 'silent') if $now - $asking->{since} > $patience }
  if ($now - $told >= 1e6) {
    print join(' ', 'way', $_, @{$counts[$_]}{qw(asked answered refused silent streak)}), "\n" for 0 .. $#ways;
    $told = $now;
  }
  my ($read, $write) = ('', '');
  vec($read, 0, 1) = 1;
  for my $asking (values %open) { vec($asking->{sent} ? $read : $write, fileno $asking->{socket}, 1) = 1 }
  my $wait = ($next - now()) / 1e6;
  my $ready = select($read, $write, undef, $wait > 0 ? $wait : 0);
  next if $ready <= 0;
  exit 0 if vec($read, 0, 1) && !sysread STDIN, my $rest, 4096;
  for my $asking (values %open) {
    my $fd = fileno $asking->{socket};
    if (!$asking->{sent}) {
      next unless vec($write, $fd, 1);
      my $error = unpack 'i', getsockopt $asking->{socket}, $SOCKET, $SO_ERROR;
      if ($error || !syswrite $asking->{socket}, $request) { finish($asking, 'refused') } else { $asking->{sent} = 1 }
    } elsif (vec($read, $fd, 1)) {
      my $got = sysread $asking->{socket}, $asking->{reply}, 65536, length $asking->{reply};
      next if $got;
      finish($asking, $asking->{reply} =~ m{^HTTP/1\.[01] 200 } ? 'answered' : 'refused');
    }
  }
}
