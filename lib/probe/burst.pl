# What this is: burst-script.ts. The lines it reads and writes: burst-protocol.ts.
use strict; use warnings;
$| = 1; $SIG{PIPE} = 'IGNORE';
# Of x86-64, AArch64 and RISC-V, by the head of its own program (ELF, e_machine).
open my $exe, '<', '/proc/self/exe' or die "cannot read this program: $!\n";
sysread $exe, my $head, 20;
my $machine = unpack 'x18 S', $head;
my ($setns, $clock) = $machine == 62 ? (308, 228)
  : $machine == 183 || $machine == 243 ? (268, 113) : (0, 0);
my ($AF_INET, $DGRAM, $RAW, $NONBLOCK) = (2, 2, 3, 2048);
my ($SOCKET, $SO_RCVBUF) = (1, 8);
# Echoes that have not come back by then are lost. Microseconds.
my $patience = 1e6;

sub broken { print "broken @_\n"; exit 3 }
broken("this processor is not known: $machine") unless $setns;

sub now {
  my $time = pack 'q2', 0, 0;
  syscall($clock, 1, $time);
  my ($seconds, $nanoseconds) = unpack 'q2', $time;
  return $seconds * 1e6 + int($nanoseconds / 1000);
}
sub address { my ($host, $port) = @_; return pack 'S n C4 x8', $AF_INET, $port, split /\./, $host }

my (%space, %end, @flows, %flow, %arrived, $port, $nonce);
my ($input, $sending, $longest) = (q(), 0, 0);

open my $own, '<', '/proc/self/ns/net' or broken("cannot open the host's namespace: $!");
sub enter {
  my ($id) = @_;
  syscall($setns, fileno($id eq '' ? $own : $space{$id}), 0x40000000) == 0
    or broken("cannot enter namespace $id: $!");
}

# One socket for all flows of a namespace: of datagrams, or, of `echo`, of ICMP.
sub open_end {
  my ($id, $kind) = @_;
  enter($id);
  my $isUdp = $kind eq 'udp';
  socket(my $socket, $AF_INET, ($isUdp ? $DGRAM : $RAW) | $NONBLOCK, $isUdp ? 17 : 1)
    or broken("cannot make a socket: $!");
  setsockopt($socket, $SOCKET, $SO_RCVBUF, pack 'i', 1 << 20);
  bind($socket, address('0.0.0.0', $port)) or broken("cannot answer on port $port in namespace $id: $!")
    if $isUdp;
  $end{"$id $kind"} = { socket => $socket, kind => $kind, space => $id, overflows => overflows() };
  enter('');
}

# Datagrams that a receiver of this namespace had no room for. The program is in the namespace.
sub overflows {
  open my $file, '<', '/proc/thread-self/net/snmp' or return 0;
  my ($names, $values) = grep { /^Udp: / } <$file>;
  return 0 unless defined $values;
  my @names = split ' ', $names;
  my @values = split ' ', $values;
  my ($at) = grep { $names[$_] eq 'RcvbufErrors' } 0 .. $#names;
  return defined $at ? $values[$at] : 0;
}

# Time of all processors together, idle, and stolen by other machines; in ticks.
sub processors {
  open my $file, '<', '/proc/stat' or return (0, 0, 0);
  my (undef, @ticks) = split ' ', scalar <$file>;
  my $all = 0;
  $all += $_ // 0 for @ticks[0 .. 7];
  return ($all, ($ticks[3] // 0) + ($ticks[4] // 0), $ticks[7] // 0);
}
my @before;

sub checksum {
  my ($bytes) = @_;
  my $sum = unpack '%32n*', length($bytes) % 2 ? "$bytes\0" : $bytes;
  $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
  return ~$sum & 0xffff;
}
my $identifier = $$ & 0xffff;

sub message {
  my ($flow) = @_;
  my $text = "$nonce q $flow->{id} $flow->{sent} ";
  $text .= 's' x ($flow->{bytes} - length $text) if length $text < $flow->{bytes};
  return $text if $flow->{kind} eq 'udp';
  my $rest = pack('n2', $identifier, $flow->{sent} & 0xffff) . $text;
  return pack('C2 n', 8, 0, checksum(pack('C2 n', 8, 0, 0) . $rest)) . $rest;
}

sub send_one {
  my ($flow) = @_;
  my $time = now();
  $longest = $time - $flow->{due} if $time - $flow->{due} > $longest;
  my $bytes = message($flow);
  defined send($flow->{end}{socket}, $bytes, 0, $flow->{target}) ? 0 : $flow->{refused}++;
  $flow->{times}[$flow->{sent}] = $time;
  $flow->{sent}++;
  # Whoever was late does not hurry: the rate is never exceeded.
  my $next = $flow->{due} + $flow->{gap};
  $flow->{due} = $next < $time ? $time + $flow->{gap} : $next;
}

sub request {
  my ($id, $number) = @_;
  my $seen = $arrived{$id} //= { count => 0, distinct => 0, late => 0, highest => -1, numbers => {} };
  $seen->{count}++;
  return if $seen->{numbers}{$number}++;
  $seen->{distinct}++;
  $number < $seen->{highest} ? $seen->{late}++ : ($seen->{highest} = $number);
}

sub reply {
  my ($id, $number) = @_;
  my $flow = $flow{$id} or return;
  my $sent = $flow->{times}[$number];
  push @{$flow->{trips}}, now() - $sent if defined $sent && !$flow->{back}{$number}++;
}

# Strangers may reach these ports: without the nonce nothing is counted and nothing answered.
sub receive {
  my ($end) = @_;
  for (1 .. 256) {
    my $from = recv $end->{socket}, my $bytes, 65536, 0;
    last unless defined $from;
    if ($end->{kind} eq 'echo') {
      my $header = 4 * (ord($bytes) & 15);
      next if length($bytes) < $header + 8;
      my $type = ord substr $bytes, $header, 1;
      next unless substr($bytes, $header + 8) =~ /^\Q$nonce\E q (\d{1,9}) (\d{1,9}) /;
      $type == 8 ? request($1, $2) : $type == 0 ? reply($1, $2) : 0;
    }
    elsif ($bytes =~ /^\Q$nonce\E ([qr]) (\d{1,9}) (\d{1,9}) /) {
      my ($what, $id, $number) = ($1, $2, $3);
      if ($what eq 'r') { reply($id, $number); next }
      # No server is ever answered to, as the agent does.
      my $port = unpack 'x2 n', $from;
      next if $port < 1024;
      request($id, $number);
      substr($bytes, length($nonce) + 1, 1) = 'r';
      send $end->{socket}, $bytes, 0, $from;
    }
  }
}

sub report {
  for my $flow (@flows) {
    my @trips = sort { $a <=> $b } @{$flow->{trips} // []};
    my @figures = @trips ? @trips[0, $#trips / 2, $#trips * 0.95, $#trips] : (0, 0, 0, 0);
    printf "flow %d %d %d %d %d %d %d %d\n", $flow->{id}, $flow->{sent}, $flow->{refused}, scalar @trips,
      @figures;
  }
  for my $id (sort { $a <=> $b } keys %arrived) {
    my $seen = $arrived{$id};
    printf "arrived %d %d %d %d\n", $id, $seen->{count}, $seen->{distinct}, $seen->{late};
  }
  my $overflows = 0;
  for my $end (grep { $_->{kind} eq 'udp' } values %end) {
    enter($end->{space});
    $overflows += overflows() - $end->{overflows};
  }
  enter('');
  my @after = processors();
  printf "host %d %d %d %d %d\n", (map { $after[$_] - $before[$_] } 0 .. 2), $longest, $overflows;
  print "done\n";
}

sub command {
  my ($verb, @word) = split / /, $_[0];
  if ($verb eq 'limit') { alarm $word[0] }
  elsif ($verb eq 'port') { ($port, $nonce) = @word }
  elsif ($verb eq 'space') {
    open $space{$word[0]}, '<', $word[1] or broken("namespace $word[0] $word[1] is gone: $!");
  }
  elsif ($verb eq 'end') { open_end(@word) }
  elsif ($verb eq 'flow') {
    my %new = (sent => 0, refused => 0);
    my ($number, $id, $kind, $to) = @word;
    $new{id} = $number;
    @new{qw(count rate bytes)} = @word[4 .. 6];
    @new{qw(kind end)} = ($kind, $end{"$id $kind"});
    $new{target} = address($to, $kind eq 'udp' ? $port : 0);
    $new{gap} = 1e6 / $new{rate};
    push @flows, $flow{$new{id}} = \%new;
  }
  elsif ($verb eq 'listen') { print "ready\n" }
  elsif ($verb eq 'go') {
    @before = processors();
    my $start = now();
    # They take turns within the gap, so that no two are sent at once.
    $flows[$_]{due} = $start + $flows[$_]{gap} * $_ / @flows for 0 .. $#flows;
    $sending = 1;
  }
  elsif ($verb eq 'tell') { report() }
  elsif ($verb eq 'stop') { exit 0 }
  else { broken("unknown command $verb") }
}

my $finished = 0;
while (1) {
  my $read = '';
  vec($read, fileno STDIN, 1) = 1;
  vec($read, fileno $_->{socket}, 1) = 1 for values %end;
  my $wait;
  if ($sending) {
    my @left = sort { $a->{due} <=> $b->{due} } grep { $_->{sent} < $_->{count} } @flows;
    my $time = now();
    $finished ||= $time if !@left;
    if (!@left && $time >= $finished + $patience) { ($sending, $wait) = (0, 0); print "sent\n" }
    else { $wait = ((@left ? $left[0]{due} : $finished + $patience) - $time) / 1e6 }
    $wait = 0 if $wait < 0;
  }
  my $found = select my $can_read = $read, undef, undef, $wait;
  next if $found < 0;
  for my $end (values %end) { receive($end) if $found && vec $can_read, fileno $end->{socket}, 1 }
  if ($sending) {
    my $time = now();
    for my $flow (@flows) { send_one($flow) if $flow->{sent} < $flow->{count} && $flow->{due} <= $time }
  }
  if ($found && vec $can_read, fileno STDIN, 1) {
    sysread(STDIN, $input, 65536, length $input) or exit 0;
    command($1) while $input =~ s/^([^\n]*)\n//;
  }
}
