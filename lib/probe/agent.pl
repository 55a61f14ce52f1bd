# What this is: agent-script.ts. The lines it reads and writes: agent-protocol.ts.
use strict; use warnings; no warnings 'recursion';
$| = 1; $SIG{PIPE} = 'IGNORE';
# Of x86-64, AArch64 and RISC-V, by the head of its own program (ELF, e_machine).
open my $exe, '<', '/proc/self/exe' or die "cannot read this program: $!\n";
sysread $exe, my $head, 20;
my $machine = unpack 'x18 S', $head;
my ($setns, $clock) = $machine == 62 ? (308, 228)
  : $machine == 183 || $machine == 243 ? (268, 113) : (0, 0);
my ($AF_INET, $STREAM, $DGRAM, $RAW, $NONBLOCK) = (2, 1, 2, 3, 2048);
my ($IP, $IP_MTU_DISCOVER, $IP_RECVERR, $SOCKET, $SO_REUSEADDR, $SO_ERROR, $SO_RCVBUF) = (0, 10, 11, 1, 2, 4, 8);
my ($EINTR, $EAGAIN, $EINPROGRESS, $ETIMEDOUT) = (4, 11, 115, 110);
my $keep = 4096;
# A probe that has waited so long does not keep the next from starting, and after two that got no answer in time those
# that follow on the same way are given less: what is silent must not make everything slow. In microseconds.
my ($silence, $impatience) = (3e6, 2e6);
# What a kernel answers, or our own responders, however busy the server is, is told silent sooner.
my $hush = 1e6;
# Milliseconds.
my $brief = 2000;
# The kernel answers a connection, however slow the server is; by now three tries of ours were silent.
my $connecting = 6e6;

sub broken { print "broken @_\n"; exit 3 }
broken("this processor is not known: $machine") unless $setns;

sub now {
  my $time = pack 'q2', 0, 0;
  syscall($clock, 1, $time);
  my ($seconds, $nanoseconds) = unpack 'q2', $time;
  return $seconds * 1e6 + int($nanoseconds / 1000);
}
sub address { my ($host, $port) = @_; return pack 'S n C4 x8', $AF_INET, $port, split /\./, $host }
sub unaddress { my (undef, $port, @host) = unpack 'S n C4', $_[0]; return (join('.', @host), $port) }

my (%space, @queue, %open, @responders, @servers, %calls, $limit, $window, $plan, $input, $asked) = ();
($limit, $window, $plan, $input, $asked) = (60, 16, 1, '', '');

open my $own, '<', '/proc/self/ns/net' or broken("cannot open the host's namespace: $!");
my $inside = '';
sub enter {
  my ($id) = @_;
  return if $inside eq $id;
  my $handle = $id eq '' ? $own : $space{$id};
  syscall($setns, fileno($handle), 0x40000000) == 0 or broken("cannot enter namespace $id: $!");
  $inside = $id;
}
sub make {
  my ($id, $type, $protocol) = @_;
  enter($id);
  socket(my $socket, $AF_INET, $type | $NONBLOCK, $protocol) or broken("cannot make a socket: $!");
  return $socket;
}

sub begin {
  my ($probe) = @_;
  my $udp = $probe->{kind} eq 'udp';
  my $socket = $probe->{socket} = $probe->{kind} eq 'tcp' ? make($probe->{space}, $STREAM, 6)
    : $udp ? make($probe->{space}, $DGRAM, 17) : make($probe->{space}, $RAW, 1);
  @$probe{qw(started state bytes kept out)} = (now(), 'wait', 0, '', '');
  $open{fileno $socket} = $probe;
  my $target = address($probe->{to}, $probe->{port});
  if ($probe->{kind} eq 'tcp') {
    connect($socket, $target) || $! == $EINPROGRESS or return finish($probe, 'local', $! + 0);
    $probe->{state} = 'connect';
    return;
  }
  setsockopt($socket, $IP, $IP_MTU_DISCOVER, pack 'i', $probe->{df} ? 2 : 0);
  setsockopt($socket, $IP, $IP_RECVERR, pack 'i', 1);
  setsockopt($socket, $SOCKET, $SO_RCVBUF, pack 'i', 262144) unless $udp;
  connect($socket, $target) or return finish($probe, 'local', $! + 0);
  name($probe);
  my $message = $udp ? $probe->{payload} : echo($probe);
  defined send($socket, $message, 0) or return finish($probe, 'local', $! + 0);
  finish($probe, 'sent', 0) if $udp && !$probe->{reply};
}

sub name {
  my ($probe) = @_;
  my $own = getsockname $probe->{socket} or return;
  @$probe{qw(source sport)} = unaddress($own);
  $probe->{sport} = 0 if $probe->{kind} eq 'icmp';
}

sub checksum {
  my ($bytes) = @_;
  my $sum = unpack '%32n*', length($bytes) % 2 ? "$bytes\0" : $bytes;
  $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
  return ~$sum & 0xffff;
}
my $identifier = ($$ * 7919) & 0xffff;
sub echo {
  my ($probe) = @_;
  $probe->{identifier} = $identifier = ($identifier + 1) & 0xffff;
  my $rest = pack('n2', $probe->{identifier}, 1) . $probe->{payload};
  return pack('C2 n', 8, 0, checksum(pack('C2 n', 8, 0, 0) . $rest)) . $rest;
}

sub finish {
  my ($probe, $what, $errno) = @_;
  my $socket = delete $probe->{socket};
  delete $open{fileno $socket};
  close $socket;
  printf "result %s %d %s %d %d %d %s %d %d %s\n", $probe->{id}, $probe->{attempt}, $what, $errno,
    $probe->{started}, now() - $probe->{started}, $probe->{source} // '-', $probe->{sport} // 0,
    $probe->{bytes}, length $probe->{kept} ? unpack('H*', $probe->{kept}) : '-';
  $probe->{attempt} += 1;
  $probe->{late} += 1 if $what eq 'timeout';
  begin($probe) if $probe->{attempt} < $probe->{repeat};
}

sub due {
  my ($probe) = @_;
  my $patience = 1000 * $probe->{timeout};
  $patience = $connecting if $probe->{state} eq 'connect' && $patience > $connecting;
  $patience = $impatience if $probe->{late} >= 2 && !$probe->{idle} && $patience > $impatience;
  return $probe->{started} + $patience;
}
sub quiet { my ($probe) = @_; return $probe->{kind} eq 'tcp' && $probe->{state} ne 'connect' ? $silence : $hush }
# Those that are given little time do not keep others from starting: nobody expects an answer.
sub busy {
  my $now = now();
  return scalar grep { $_->{timeout} > $brief && $now < $_->{started} + quiet($_) } values %open;
}

sub take {
  my ($probe, $bytes) = @_;
  $probe->{bytes} += length $bytes;
  $probe->{kept} .= substr $bytes, 0, $keep - length $probe->{kept} if length $probe->{kept} < $keep;
}

sub readable {
  my ($probe) = @_;
  return if $probe->{state} eq 'connect';
  for (1 .. 16) {
    my $from = recv $probe->{socket}, my $bytes, 65536, 0;
    if (!defined $from) {
      return if $! == $EAGAIN || $! == $EINTR;
      return finish($probe, 'remote', $! + 0);
    }
    if ($probe->{kind} eq 'tcp') {
      return finish($probe, 'answered', 0) if !length $bytes;
      take($probe, $bytes);
      next;
    }
    if ($probe->{kind} eq 'icmp') {
      my $header = 4 * (ord($bytes) & 15);
      next if length($bytes) < $header + 8;
      my ($type, undef, undef, $id, $sequence) = unpack 'C2 n3', substr $bytes, $header, 8;
      next unless $type == 0 && $id == $probe->{identifier} && $sequence == 1;
      $probe->{bytes} = length $bytes;
      $probe->{kept} = substr $bytes, $header + 8, $keep;
    } else {
      take($probe, $bytes);
    }
    return finish($probe, 'answered', 0);
  }
}

sub written {
  my ($probe) = @_;
  if ($probe->{state} eq 'connect') {
    my $error = unpack 'i', getsockopt $probe->{socket}, $SOCKET, $SO_ERROR;
    return finish($probe, 'remote', $error) if $error;
    name($probe);
    return finish($probe, 'connected', 0) unless defined $probe->{payload};
    return @$probe{qw(state due)} = ('idle', now() + 1000 * $probe->{idle}) if $probe->{idle};
    @$probe{qw(state out)} = ('wait', $probe->{payload});
  }
  return unless length $probe->{out};
  my $count = send $probe->{socket}, $probe->{out}, 0;
  if (!defined $count) {
    return if $! == $EAGAIN || $! == $EINTR;
    return finish($probe, 'remote', $! + 0);
  }
  substr($probe->{out}, 0, $count) = '';
}

sub command {
  my ($verb, @word) = split / /, $_[0];
  if ($verb eq 'limit') { $limit = $word[0]; alarm $limit }
  elsif ($verb eq 'window') { $window = $word[0] }
  elsif ($verb eq 'space') {
    my ($id, $path) = @word;
    open $space{$id}, '<', $path or broken("namespace $id $path is gone: $!");
  }
  elsif ($verb eq 'respond') {
    my $socket = make($word[0], $DGRAM, 17);
    bind($socket, address('0.0.0.0', $word[1])) or broken("cannot answer on port $word[1] in namespace $word[0]: $!");
    push @responders, { socket => $socket, port => $word[1], nonce => $word[2] };
  }
  elsif ($verb eq 'answer') {
    my $socket = make($word[0], $STREAM, 6);
    setsockopt($socket, $SOCKET, $SO_REUSEADDR, pack 'i', 1);
    bind($socket, address('0.0.0.0', $word[1])) && listen($socket, 64)
      or broken("cannot answer on port $word[1] in namespace $word[0]: $!");
    push @servers, { socket => $socket, nonce => $word[2], word => $word[3] };
  }
  elsif ($verb eq 'udp' || $verb eq 'icmp' || $verb eq 'tcp') {
    my %probe = (kind => $verb, attempt => 0, late => 0);
    @probe{qw(id space to port timeout repeat reply df payload idle)} = @word;
    $probe{payload} = $probe{payload} eq '-' ? undef : pack 'H*', substr $probe{payload}, 1;
    push @queue, \%probe;
  }
  elsif ($verb eq 'end') { $plan = 0; enter(''); print "ready\n" }
  elsif ($verb eq 'go') { $asked = 'go'; printf "start %d\n", now() }
  elsif ($verb eq 'stop') { exit 0 }
  else { broken("unknown command $verb") }
}

while (1) {
  if ($asked) {
    begin(shift @queue) while @queue && keys(%open) < 8 * $window && busy() < $window;
    if ($asked eq 'go' && !@queue && !%open) { $asked = 'done'; print "done\n" }
  }
  my ($read, $write) = ('', '');
  vec($read, fileno STDIN, 1) = 1;
  vec($read, fileno $_, 1) = 1 for map { $_->{socket} } @responders, @servers, values %calls;
  my $next = 0;
  for my $probe (values %open) {
    my $fd = fileno $probe->{socket};
    @$probe{qw(state out)} = ('wait', $probe->{payload}) if $probe->{state} eq 'idle' && now() >= $probe->{due};
    $next = $probe->{due} if $probe->{state} eq 'idle' && (!$next || $probe->{due} < $next);
    $probe->{state} eq 'connect' || length $probe->{out} ? vec($write, $fd, 1) = 1 : 0;
    vec($read, $fd, 1) = 1 if $probe->{state} ne 'connect';
    my $end = due($probe);
    my $stale = $probe->{started} + quiet($probe);
    $end = $stale if @queue && $stale < $end && $stale > now();
    $next = $end if !$next || $end < $next;
  }
  my $wait = $next ? ($next - now()) / 1e6 : undef;
  $wait = 0 if defined $wait && $wait < 0;
  my $found = select my $can_read = $read, my $can_write = $write, undef, $wait;
  next if $found < 0;

  # What arrived is served before what is late: a host that stood still for a while has lost nothing.
  # Strangers may reach these ports: without the nonce nothing is answered, and no server is ever answered to.
  for my $responder (@responders) {
    next unless $found && vec $can_read, fileno $responder->{socket}, 1;
    for (1 .. 64) {
      my $from = recv $responder->{socket}, my $bytes, 65536, 0;
      last unless defined $from;
      my (undef, $port) = unaddress($from);
      next if $port < 1024 || $port == $responder->{port} || index($bytes, $responder->{nonce}) != 0;
      send $responder->{socket}, $bytes, 0, $from;
    }
  }
  # Calls before those that come in: a new one may get the number of one that just ended.
  for my $call (values %{{%calls}}) {
    my $fd = fileno $call->{socket};
    next unless $found && vec $can_read, $fd, 1;
    my $end = !sysread $call->{socket}, $call->{text}, 4096, length $call->{text};
    while (!$end && $call->{text} =~ s/^([^\n]*)\n//) {
      my $line = $1;
      my ($nonce, $said) = split / /, $line, 2;
      $end = !defined $said || $nonce ne $call->{nonce};
      send $call->{socket}, "$call->{word} $said\n", 0 unless $end;
    }
    $end ||= length $call->{text} > $keep;
    next unless $end;
    delete $calls{$fd};
    close $call->{socket};
  }
  for my $server (@servers) {
    next unless $found && vec $can_read, fileno $server->{socket}, 1;
    accept(my $socket, $server->{socket}) or next;
    $calls{fileno $socket} = { %$server, socket => $socket, text => '' };
  }
  for my $probe (values %{{%open}}) {
    my $fd = defined $probe->{socket} ? fileno $probe->{socket} : next;
    my $turn = $probe->{attempt};
    written($probe) if $found && vec $can_write, $fd, 1;
    next if $probe->{attempt} != $turn || !defined $probe->{socket};
    readable($probe) if $found && vec $can_read, $fd, 1;
    next if $probe->{attempt} != $turn || !defined $probe->{socket};
    next if now() < due($probe);
    readable($probe);
    finish($probe, 'timeout', 0) if $probe->{attempt} == $turn && defined $probe->{socket};
  }
  if ($found && vec $can_read, fileno STDIN, 1) {
    sysread(STDIN, $input, 65536, length $input) or exit 0;
    command($1) while $input =~ s/^([^\n]*)\n//;
  }
}
