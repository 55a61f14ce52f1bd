# What this is, and the lines it reads and writes: agent-script.ts. Argument: the magic number of probes.
use strict; use warnings;
$| = 1; $SIG{PIPE} = 'IGNORE';
my $magic = pack 'N', shift @ARGV;
my ($AF_INET, $AF_PACKET, $STREAM, $DGRAM, $RAW, $NONBLOCK) = (2, 17, 1, 2, 3, 2048);
my ($SOCKET, $SO_REUSEADDR, $SO_ERROR, $SO_ATTACH_FILTER, $IP, $IP_MTU_DISCOVER) = (1, 2, 4, 26, 0, 10);
my ($PROBE, $OUTGOING, $HOST, $EINPROGRESS, $ETIMEDOUT) = (3, 4, 0, 115, 110);
my ($input, $tap, $esp, @udp, @tcp, %peer, %dial) = ('');

sub broken { print "broken @_\n"; exit 3 }
sub address { my ($host, $port) = @_; return pack 'S n C4 x8', $AF_INET, $port, split /\./, $host }
sub unaddress { my (undef, $port, @host) = unpack 'S n C4', $_[0]; return (join('.', @host), $port) }
sub make {
  my ($type, $protocol) = @_;
  socket(my $socket, $AF_INET, $type | $NONBLOCK, $protocol) or broken("cannot make a socket: $!");
  return $socket;
}

sub listen_on {
  my ($kind, $host, $port) = @_;
  if ($kind eq 'esp') { $esp = make($RAW, 50); return }
  my $socket = $kind eq 'tcp' ? make($STREAM, 6) : make($DGRAM, 17);
  setsockopt($socket, $SOCKET, $SO_REUSEADDR, pack 'i', 1) if $kind eq 'tcp';
  if (!bind($socket, address($host, $port)) || $kind eq 'tcp' && !listen($socket, 64)) { print "held $kind $port\n"; return }
  $kind eq 'tcp' ? push @tcp, $socket : push @udp, $socket;
}

# IPv4 only; of TCP the SYNs to these ports, of all else what carries the magic number.
sub watch {
  my @port = @_;
  my @code = ([0x30, 0, 0, 0], [0x54, 0, 0, 0xf0], [0x15, 0, 0, 0x40], [0x30, 0, 0, 9], [0x15, 3, 0, 6],
    [0xb1, 0, 0, 0], [0x40, 0, 0, 8], [0x15, 0, 0, unpack 'N', $magic],
    [0xb1, 0, 0, 0], [0x50, 0, 0, 13], [0x54, 0, 0, 0x12], [0x15, 0, 0, 2], [0x48, 0, 0, 2],
    (map { [0x15, 0, 0, $_] } @port), [6, 0, 0, 0], [6, 0, 0, 0xffff]);
  my ($reject, $accept) = ($#code - 1, $#code);
  $code[2][2] = $reject - 3;
  @{$code[7]}[1, 2] = ($accept - 8, $reject - 8);
  $code[11][2] = $reject - 12;
  $code[12 + $_][1] = $accept - 13 - $_ for 1 .. @port;
  my $program = join '', map { pack 'S C C L', @$_ } @code;
  my $all = unpack 'n', pack 'S', 3;
  socket($tap, $AF_PACKET, $DGRAM | $NONBLOCK, $all)
    && setsockopt($tap, $SOCKET, $SO_ATTACH_FILTER, pack 'S x![P] P', scalar @code, $program)
    or do { print "blind $!\n"; undef $tap };
}

sub checksum {
  my ($bytes) = @_;
  my $sum = unpack '%32n*', length($bytes) % 2 ? "$bytes\0" : $bytes;
  $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
  return ~$sum & 0xffff;
}

# BYTES is the length of the whole IP packet; it is never fragmented.
sub datagram {
  my ($kind, $id, $source, $target, $port, $bytes) = @_;
  my $payload = $magic . pack 'N', $id;
  $payload .= "\0" x ($bytes - 28 - length $payload) if $bytes > 28 + length $payload;
  my $socket = $kind eq 'udp' ? make($DGRAM, 17) : make($RAW, $kind eq 'esp' ? 50 : 1);
  setsockopt($socket, $IP, $IP_MTU_DISCOVER, pack 'i', $PROBE);
  my $message = $payload;
  $message = pack('N2', 0x53575046, $id) . $payload if $kind eq 'esp';
  if ($kind eq 'icmp') {
    my $rest = pack('n2', $$ & 0xffff, $id & 0xffff) . $payload;
    $message = pack('C2 n', 8, 0, checksum(pack('C2 n', 8, 0, 0) . $rest)) . $rest;
  }
  my $sent = bind($socket, address($source, 0)) && defined send $socket, $message, 0, address($target, $port);
  printf "sent %d %d\n", $id, $sent ? 0 : $! + 0;
}

sub dial {
  my ($id, $source, $target, $port, $seconds, $say) = @_;
  my $socket = make($STREAM, 6);
  my $begun = bind($socket, address($source, 0)) && (connect($socket, address($target, $port)) || $! == $EINPROGRESS);
  my $error = $! + 0;
  my (undef, $own) = unaddress(getsockname $socket);
  print "dial $id $own\n";
  return print "tcp $id failed $error\n" unless $begun;
  $dial{fileno $socket} = { id => $id, socket => $socket, until => time + $seconds, say => $say };
}
sub dialled {
  my ($one, $error) = @_;
  delete $dial{fileno $one->{socket}};
  send $one->{socket}, $magic . pack('N', $one->{id}), 0 if !$error && $one->{say};
  printf "tcp %d %s %d\n", $one->{id}, $error ? 'failed' : 'connected', $error;
  close $one->{socket};
}

sub seen {
  my ($packet, $kind) = @_;
  my $header = 4 * (ord($packet) & 15);
  my $source = join '.', unpack 'x12 C4', $packet;
  if (ord(substr $packet, 9, 1) == 6) {
    my ($from, $to) = unpack 'n2', substr $packet, $header, 4;
    my $target = join '.', unpack 'x16 C4', $packet;
    print "syn $kind $source $from $target $to\n" if $kind ne 'got';
    return;
  }
  return if length $packet < $header + 16 || substr($packet, $header + 8, 4) ne $magic;
  printf "%s %d %s\n", $kind, unpack('N', substr $packet, $header + 12, 4), $source;
}

sub command {
  my ($verb, @word) = split / /, $_[0];
  if ($verb eq 'limit') { alarm $word[0] }
  elsif ($verb eq 'listen') { listen_on(@word) }
  elsif ($verb eq 'watch') { watch(@word) }
  elsif ($verb eq 'end') { print "ready\n" }
  elsif ($verb =~ /^(udp|esp|icmp)$/) { datagram($verb, @word) }
  elsif ($verb eq 'tcp') { dial(@word) }
  elsif ($verb eq 'stop') { exit 0 }
  else { broken("unknown command $verb") }
}

while (1) {
  my ($read, $write) = ('', '');
  vec($read, fileno $_, 1) = 1 for \*STDIN, @udp, @tcp, (map { $_->{socket} } values %peer), $tap // (), $esp // ();
  vec($write, $_, 1) = 1 for keys %dial;
  my $found = select my $can_read = $read, my $can_write = $write, undef, %dial ? 0.5 : undef;
  $can_read = $can_write = '' if $found <= 0;
  my $ready = sub { vec $can_read, fileno $_[0], 1 };

  if ($tap && $ready->($tap)) {
    for (1 .. 256) {
      my $from = recv $tap, my $packet, 2048, 0;
      last unless defined $from;
      my $type = (unpack 'S n l S C C', $from)[4];
      seen($packet, $type == $OUTGOING ? 'out' : 'in') if $type == $OUTGOING || $type == $HOST;
    }
  }
  if ($esp && $ready->($esp)) {
    while (defined recv $esp, my $packet, 65536, 0) { seen($packet, 'got') }
  }
  for my $socket (grep { $ready->($_) } @udp) {
    while (defined(my $from = recv $socket, my $bytes, 65536, 0)) {
      next if length $bytes < 8 || substr($bytes, 0, 4) ne $magic;
      printf "got %d %s\n", unpack('N', substr $bytes, 4, 4), (unaddress($from))[0];
    }
  }
  for my $socket (grep { $ready->($_) } @tcp) {
    while (my $from = accept my $peer, $socket) {
      $peer{fileno $peer} = { socket => $peer, from => (unaddress($from))[0] };
    }
  }
  for my $one (grep { $ready->($_->{socket}) } values %{{%peer}}) {
    my $count = sysread $one->{socket}, my $bytes, 8;
    printf "got %d %s\n", unpack('N', substr $bytes, 4, 4), $one->{from}
      if $count && $count == 8 && substr($bytes, 0, 4) eq $magic;
    delete $peer{fileno $one->{socket}};
    close $one->{socket};
  }
  for my $one (values %{{%dial}}) {
    if (vec $can_write, fileno $one->{socket}, 1) { dialled($one, unpack 'i', getsockopt $one->{socket}, $SOCKET, $SO_ERROR) }
    elsif (time >= $one->{until}) { dialled($one, $ETIMEDOUT) }
  }
  if ($ready->(\*STDIN)) {
    sysread(STDIN, $input, 65536, length $input) or exit 0;
    command($1) while $input =~ s/^([^\n]*)\n//;
  }
}
