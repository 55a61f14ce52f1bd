# Reads a host's kernel state and prints it in sections: see observe-script.ts. Arguments: `NAME=VALUE`. One process that
# enters all network namespaces and asks the kernel itself: on an emulated host every program that is started costs 30 ms
# or more, and loading a module of Perl as much.
use strict; use warnings;
my %given = map { /^(\w+)=(.*)/s ? ($1, $2) : die "'$_' is no setting" } @ARGV;
my ($mark, $only) = @given{'mark', 'only'};
my %known = map { $_ => 1 } split ' ', $given{known};
my $folder = '/run/docker/netns';
# In a container that has the host's processes its files are here.
my $root = -d '/proc/1/root/etc' ? '/proc/1/root' : '';
# By the head of its own program (ELF, e_machine): x86-64, AArch64 and RISC-V.
open my $exe, '<', '/proc/self/exe' or die "cannot read this program: $!";
sysread $exe, my $head, 20;
my $machine = unpack 'x18 S', $head;
my ($setns, $syslog) = $machine == 62 ? (308, 103) : $machine == 183 || $machine == 243 ? (268, 116)
  : die "this processor is not known: $machine";
my ($AF_INET, $AF_BRIDGE, $AF_NETLINK, $RAW) = (2, 7, 16, 3);
my ($ERROR, $DONE, $DUMP, $TORN) = (2, 3, 0x301, 0x10);
my ($GETLINK, $GETADDR, $GETROUTE, $GETNEIGH, $GETRULE) = (18, 22, 26, 30, 34);
my ($XFRM, $GETSA, $GETPOLICY) = (6, 0x12, 0x15);
my $NETFILTER = 12;
my ($ENOENT, $EINVAL, $EPROTONOSUPPORT, $CLONE_NEWNET) = (2, 22, 93, 0x40000000);
# A kernel says where what it listed changed meanwhile.
my $tries = 8;
# No list of a kernel takes so long or is so large: 20 s, 64 MiB. A program that is asked may take 30 s.
# Of routing tables that rules lead to at most 12 are read, and none of more than 128 KiB.
my ($list_seconds, $list_bytes, $program_seconds) = (20, 1 << 26, 30);
my ($table_count, $table_bytes) = (12, 1 << 17);
my $sequence = 0;

# Of each kind of message: what asks for it, the length of what stands before its attributes, and those that are wanted.
my %kinds = (
  links => [$GETLINK, 0, 16, 1, 3, 4, 5, 10, 18, 23, 37],
  addresses => [$GETADDR, 0, 8, 1, 2],
  neighbours => [$GETNEIGH, 0, 12, 1, 2],
  routes => [$GETROUTE, $AF_INET, 12, 1, 4, 5, 6, 9, 15, 18],
  fdb => [$GETNEIGH, $AF_BRIDGE, 12, 1, 2],
);

sub section { print join(' ', $mark, @_), "\n" }

# Where a program is, undefined where there is none.
sub have {
  my ($name) = @_;
  return (grep { -x } map { "$_/$name" } split /:/, $ENV{PATH})[0];
}
sub need {
  my ($name, @what) = @_;
  section('missing', $name, @what) if !have($name);
}
# In a child: a program that is ended where it takes too long, for an alarm outlives exec.
sub become {
  alarm $program_seconds;
  no warnings 'exec';
  exec { $_[0] } @_ or exit 127;
}
# What a program prints, line by line; undefined as its only line where it failed: an old one, or a kernel without it.
sub output {
  my $pid = open my $pipe, '-|';
  return undef if !defined $pid;
  become(@_) if !$pid;
  my @lines = readline $pipe;
  return close $pipe ? @lines : undef;
}
# The same as one text.
sub text_from { return join '', grep { defined } output(@_) }
sub lines_of {
  my ($path) = @_;
  open my $file, '<', $path or return;
  return readline $file;
}
sub text_of { return join '', lines_of(@_) }

# Of a part of a message that holds attributes: type, where the value begins, and its length.
sub attributes {
  my ($message, $at, $end) = @_;
  my @found;
  while ($at + 4 <= $end) {
    my ($length, $type) = unpack 'S S', substr $message, $at, 4;
    last if $length < 4 || $at + $length > $end;
    push @found, [$type & 0x3fff, $at + 4, $length - 4];
    $at += ($length + 3) & ~3;
  }
  return @found;
}

# A message without the attributes that nobody wants, which are most of it; nothing of one that is not shown.
sub shortened {
  my ($message, $kind, $before, $wanted) = @_;
  return '' if $kind eq 'routes' && ord(substr $message, 20, 1) != 254;
  return '' if $kind eq 'neighbours' && !(unpack('S', substr $message, 24, 2) & 0xbf);
  my $kept = substr $message, 16, $before;
  for (attributes($message, 16 + $before, length $message)) {
    my ($type, $at, $length) = @$_;
    $kept .= substr($message, $at - 4, 4 + $length) . "\0" x (-$length & 3) if $wanted->{$type};
  }
  return pack('L', 4 + length $kept) . $kept;
}

# All messages that the kernel lists of a type, each with its header, or what is made of each; undefined where it gives none,
# or not all. Others in the namespace may write to the socket: what is not the kernel's, or not the answer, is nothing.
sub messages {
  my ($socket, $type, $body, $made) = @_;
  my ($until, $bytes) = (time + $list_seconds, 0);
  # Seconds and microseconds: SO_RCVTIMEO of SOL_SOCKET.
  setsockopt $socket, 1, 20, pack 'l! l!', $list_seconds, 0;
  for (1 .. $tries) {
    my ($torn, @found) = (0);
    my $asked = ++$sequence;
    send $socket, pack('L S S L L', 16 + length $body, $type, $DUMP, $asked, 0) . $body, 0 or return;
    ANSWER: while (1) {
      my $from = recv $socket, my $answer, 1 << 18, 0;
      return if !defined $from || time > $until || ($bytes += length $answer) > $list_bytes;
      next if length $from < 8 || unpack 'x4 L', $from;
      return if length $answer < 16;
      my $at = 0;
      while ($at + 16 <= length $answer) {
        my ($length, $what, $flags, $of) = unpack 'L S S L', substr $answer, $at, 12;
        return if $length < 16 || $at + $length > length $answer;
        if ($of == $asked) {
          return if $what == $ERROR;
          $torn = 1 if $flags & $TORN;
          if ($what == $DONE) {
            return if $length >= 20 && unpack('l', substr $answer, $at + 16, 4) < 0;
            last ANSWER;
          }
          my $message = substr $answer, $at, $length;
          push @found, $made ? $made->($message) : $message;
        }
        $at += ($length + 3) & ~3;
      }
    }
    return \@found unless $torn;
  }
  return;
}

# Of one kind, each with its length before it.
sub listed {
  my ($socket, $kind) = @_;
  my ($type, $family, $before, @wanted) = @{$kinds{$kind}};
  my %wanted = map { $_ => 1 } @wanted;
  # By a head of a bridge's ports; of every other kind by its own. A kernel complains of what is longer in its log.
  my $asked = ($kind eq 'fdb' ? 16 : $before) - 1;
  # With a mask (IFLA_EXT_MASK) the kernel makes room for devices that have much to say; this one leaves statistics out that
  # are not read.
  my $more = $kind eq 'links' ? pack 'S S L', 8, 29, 8 : '';
  my $made = sub { my $text = shortened($_[0], $kind, $before, \%wanted); return $text eq '' ? () : $text };
  my $found = messages($socket, $type, pack("C x$asked", $family) . $more, $made) or return;
  return join '', @$found;
}

# What a counter says, bytes and packets of 64 bits; in the message it is set to 0.
sub taken_out {
  my ($message, $from, $length) = @_;
  my %count = (1 => 0, 2 => 0);
  for (attributes($$message, $from, $from + $length)) {
    my ($type, $at, $size) = @$_;
    next if $size != 8;
    $count{$type} = unpack 'Q>', substr $$message, $at, 8;
    substr($$message, $at, 8) = "\0" x 8;
  }
  return "$count{2} $count{1}";
}

# Linux, include/uapi/linux/netfilter/nf_tables.h. What nf_tables has of IPv4: a number that is the same for the same
# rules, whatever they counted, and what they counted, chain by chain. It begins with a number that nobody knows, lest
# rules be made up that have the number of others.
sub counted {
  return if !$given{countable};
  socket my $socket, $AF_NETLINK, $RAW, $NETFILTER or return;
  my ($number, @counts) = ($given{seed});
  for my $asked (4, 7) {
    my $found = messages($socket, 10 << 8 | $asked, pack 'C x3', $AF_INET) or return;
    for my $message (@$found) {
      my ($table, $chain, $count) = ('', '', '');
      for (attributes($message, 20, length $message)) {
        my ($type, $at, $length) = @$_;
        if ($type == 1) { $table = unpack 'Z*', substr $message, $at, $length }
        elsif ($type == ($asked == 4 ? 3 : 2)) { $chain = unpack 'Z*', substr $message, $at, $length }
        elsif ($asked == 4 && $type == 8) { $count = taken_out(\$message, $at, $length) }
        elsif ($asked == 7 && $type == 4) {
          $count = '0 0';
          for (attributes($message, $at, $at + $length)) {
            my (undef, $from, $size) = @$_;
            my %part = map { $_->[0] => $_ } attributes($message, $from, $from + $size);
            next if !$part{1} || !$part{2} || substr($message, $part{1}[1], $part{1}[2]) ne "counter\0";
            $count = taken_out(\$message, $part{2}[1], $part{2}[2]);
          }
        }
      }
      s/\s/?/g for $table, $chain;
      push @counts, join ' ', $asked == 4 ? 'policy' : 'rule', $table, $chain, $count if $count ne '';
      use integer;
      for (unpack 'L*', substr $message, 20) {
        $number = ($number ^ $_) * -7046029254386353131;
        $number ^= $number >> 29;
      }
    }
  }
  return ($number, @counts);
}

# Most rules are those that were there when somebody looked before: then it is enough to say what they counted.
sub firewall {
  my ($number, @counts) = counted();
  if (defined $number) {
    section('counts', $number);
    print "$_\n" for @counts;
    return if $known{$number};
  }
  section('firewall');
  if ($given{firewall} ne 'read') {
    section('failed', 'iptables-save') if lines_of('/proc/net/ip_tables_names');
    return;
  }
  my $pid = fork;
  become('iptables-save', '-c') if defined $pid && !$pid;
  if (!defined $pid || waitpid($pid, 0) < 0 || $? != 0) { section('failed', 'iptables-save') }
  if (defined $number && (counted())[0] != $number) { section('changed', $number) }
}

sub base64 {
  my ($bytes) = @_;
  $bytes .= "\0" x (-length($bytes) % 3);
  my $text = pack 'u', $bytes;
  $text =~ s/^.//mg;
  $text =~ tr/` -_\n/AA-Za-z0-9+\//d;
  return $text;
}

sub tables {
  section('netlink');
  my $failed = !socket my $socket, $AF_NETLINK, $RAW, 0;
  my $bridges;
  for my $kind (qw(links addresses neighbours routes fdb)) {
    next if $kind eq 'fdb' && !$bridges;
    my $found = $failed ? undef : listed($socket, $kind);
    if (!defined $found) { $failed = 1; last }
    $bridges = $found =~ /vxlan|bridge/ if $kind eq 'links';
    print "$kind ", base64($found), "\n";
  }
  section('failed', 'netlink') if $failed;
}

sub files {
  for my $pattern (@_) {
    my @paths = ($pattern);
    if ($pattern =~ m{^(.*)/\*/(.*)$}) {
      my ($above, $below) = ($1, $2);
      opendir my $names, $above or next;
      @paths = map { "$above/$_/$below" } grep { !/^\./ } sort readdir $names;
    }
    for my $path (@paths) {
      open my $file, '<', $path or next;
      while (my $line = readline $file) {
        print "$path:$line" unless $line =~ /^(?:cpu[0-9]|intr|softirq)/;
      }
    }
  }
}

sub inside {
  my ($own) = @_;
  tables() if $only ne 'rules';
  return if $only eq 'devices';
  return $given{firewall} ? firewall() : () if $only eq 'rules';
  if (open my $balancers, '<', '/proc/net/ip_vs') {
    section('ipvs');
    print readline $balancers;
  }
  section('files');
  files(split(' ', $given{files}), $own ? split ' ', $given{host_files} : ());
  firewall() if $given{firewall};
  if (!$own && $given{native}) {
    section('namespace-nft');
    my $rules = text_from(qw(nft -j list ruleset));
    print $rules, "\n";
    section('failed', 'nft') if $rules eq '';
  }
}

sub namespaces {
  section('namespace', '-');
  inside(1);
  return if $only eq 'rules';
  # Here, because what is asked below is of the host's own.
  host() if !$only;
  security();
  opendir my $names, $folder or return;
  for my $name (sort grep { !/^\./ } readdir $names) {
    my $path = "$folder/$name";
    section('namespace', $path);
    # Engines leave the file of a namespace for a minute after they ended it: then it is a plain one.
    if (!open my $handle, '<', $path) { section($! == $ENOENT ? 'ended' : 'unreadable', $path) }
    elsif (syscall($setns, fileno $handle, $CLONE_NEWNET) != 0) {
      section($! == $EINVAL ? 'ended' : 'unreadable', $path);
    }
    else { inside(0) }
  }
}

# How many the kernel has of something; what cannot be asked may be some. A kernel without the protocol has none.
sub some {
  my ($protocol, $type, $body) = @_;
  socket my $socket, $AF_NETLINK, $RAW, $protocol or return $! != $EPROTONOSUPPORT;
  my $found = messages($socket, $type, $body);
  return !$found || @$found;
}

# The secret field of every state that has one, and any number that is longer than an SPI, never leave the host.
sub security {
  for (['state', $GETSA], ['policy', $GETPOLICY]) {
    my ($what, $type) = @$_;
    section("xfrm-$what");
    next if !have('ip') || !some($XFRM, $type, '');
    for my $line (output('ip', 'xfrm', $what)) {
      if (!defined $line) { section('failed', 'ip-xfrm'); last }
      $line =~ s/^(\s*(?:aead|auth|auth-trunc|enc|comp)\s+\S+)\s+\S+/$1 (redacted)/;
      $line =~ s/0x[0-9a-fA-F]{9,}/(redacted)/g;
      print $line;
    }
  }
}

# Whether there is a rule of policy routing besides the three that every kernel has.
sub routed_by_rules {
  socket my $socket, $AF_NETLINK, $RAW, 0 or return 1;
  my $rules = messages($socket, $GETRULE, pack 'C x11', $AF_INET) or return 1;
  my %usual = (0 => 255, 32766 => 254, 32767 => 253);
  for my $rule (@$rules) {
    my (undef, $to, $from, $tos, $table, undef, undef, $action, $flags) = unpack 'C8 L', substr $rule, 16, 12;
    my ($priority, $more) = (0, 0);
    for (attributes($rule, 28, length $rule)) {
      my ($type, $at, $length) = @$_;
      if ($type == 6) { $priority = unpack 'L', substr $rule, $at, 4 }
      # The table again, who made it, and how narrow a route may not be: -1.
      elsif ($type != 15 && $type != 21 && !($type == 14 && substr($rule, $at, 4) eq "\xff" x 4)) { $more = 1 }
    }
    return 1 if $more || $to || $from || $tos || $action != 1 || $flags;
    return 1 if !defined $usual{$priority} || $usual{$priority} != $table;
    delete $usual{$priority};
  }
  return scalar keys %usual;
}

# Routes of the table main are read with the namespace. Of all tables those to anywhere and those to the bridge by which
# published ports are reached; all of those that rules lead to, unless they hold the routes of the internet.
sub routing {
  section('routing-rules');
  if (!routed_by_rules()) { print "[]\n"; return }
  my $rules = text_from(qw(ip -j -4 rule show));
  print $rules, "\n";
  my %tables = map { $_ => 1 } $rules =~ /"table":"([\w.-]{1,32})"/g;
  delete @tables{qw(local main default)};
  return if !%tables;
  section('ways-out');
  print text_from(qw(ip -j -4 -d route show table all exact 0/0)), "\n";
  section('gateway-routes');
  print text_from(qw(ip -j -4 -d route show table all dev docker_gwbridge)), "\n";
  my @names = sort keys %tables;
  for my $table (@names > $table_count ? () : @names) {
    my $routes = text_from(qw(ip -j -4 -d route show table), $table);
    section('table-routes', $table);
    print length $routes > $table_bytes ? '' : $routes, "\n";
  }
}

# Whether the kernel has nf_tables already: nft would load it. A kernel that has it built in shows no module.
sub has_nf_tables {
  my ($modules) = @_;
  return 1 if -d '/sys/module/nf_tables';
  return $modules =~ m{/nf_tables\.ko$}m if $modules ne '';
  open my $symbols, '<', '/proc/kallsyms' or return 0;
  while (my $symbol = readline $symbols) { return 1 if $symbol =~ / nft_do_chain$/ }
  return 0;
}

# A program behind all links that lead to it.
sub target {
  my ($path) = @_;
  for (1 .. 8) {
    my $next = readlink $path;
    return $path if !defined $next;
    $path = $next =~ m{^/} ? $next : $path =~ s{[^/]*$}{$next}r;
  }
  return $path;
}

# By which iptables rules are read, and whether there is anything of nftables.
sub firewalls {
  my ($builtin) = @_;
  need('iptables-save', 'firewall', 'iptables');
  my $save = have('iptables-save');
  my $is_nft = defined $save && target($save) =~ /nft/;
  $given{nf_tables} = has_nf_tables($builtin);
  # That of nftables would load its modules; the list of nf_tables says nothing of the rules of the other.
  $given{firewall} = !defined $save ? '' : $is_nft && !$given{nf_tables} ? 'not read' : 'read';
  $given{countable} = $is_nft && $given{nf_tables};
  section('backend');
  my $iptables = have('iptables');
  print target($iptables), "\n" if defined $iptables;
  print map { "legacy-table $_" } lines_of('/proc/net/ip_tables_names');
  return if !$given{nf_tables} || !have('nft');
  my $rules = text_from(qw(nft -j list ruleset));
  section('nft');
  print $rules, "\n";
  section('failed', 'nft') if $rules eq '';
  # Where nftables has tables that are not of iptables, namespaces are asked for theirs.
  while ($rules =~ /"table": \{[^{}]*"name": "([^"]*)"/g) {
    $given{native} = 1 if $1 !~ /^(?:filter|nat|mangle|raw|security)$/;
  }
}

# What only the host's own namespace has.
sub host {
  routing() if have('ip');
  if (have('tc')) {
    section('queueing');
    print text_from(qw(tc -j -s qdisc show)), "\n";
  }
  section('kernel-log');
  my $log = "\0" x (1 << 20);
  my $length = syscall($syslog, 3, $log, length $log);
  my @telling = $length > 0 ? grep { /$given{kernel_words}/ } split /^/, substr $log, 0, $length : ();
  for my $line (@telling > 100 ? @telling[-100 .. -1] : @telling) { print $line =~ s/^<\d+>//r }
  section('setting-files');
  my @files = map { my $in = $_; map { "$in/$_" } grep { /\.conf$/ } names_in("$root$in") }
    qw(/usr/lib/sysctl.d /run/sysctl.d /etc/sysctl.d);
  for my $file (@files, '/etc/sysctl.conf') {
    print map { "$file:$_" } grep { /^\s*-?(?:$given{settings})\s*=/ } lines_of("$root$file");
  }
  section('sockets');
  for (['tcp', '0A'], ['tcp6', '0A'], ['udp', '07'], ['udp6', '07']) {
    my ($table, $state) = @$_;
    open my $sockets, '<', "/proc/net/$table" or next;
    while (my $line = readline $sockets) {
      print "$table $1\n" if $line =~ /^ *\d+: ([0-9A-F]+:[0-9A-F]+) [0-9A-F:]+ $state /;
    }
  }
}

sub names_in {
  my ($path) = @_;
  opendir my $names, $path or return;
  return sort grep { !/^\./ } readdir $names;
}

sub modules {
  my ($builtin, $all) = @_;
  section('modules');
  print map { "loaded $_\n" } grep { -d "/sys/module/$_" } split ' ', $given{wanted};
  print "loaded ip_vs\n" if -r '/proc/net/ip_vs';
  # Who made a container left a list of what works there.
  print lines_of("$root/etc/swarmproof/kernel-modules");
  my $wanted = join '|', split ' ', $given{wanted};
  for (['builtin', $builtin], ['dep', $all]) {
    my ($kind, $text) = @$_;
    print "$kind $1\n" while $text =~ /^(?:[^:\n]*\/)?($wanted)\.ko(?:\.[a-z]+)?(?::.*)?$/mg;
  }
}

open STDERR, '>', '/dev/null';
need('ip', 'routing-rules,IPsec', 'iproute2') if $only ne 'rules';
my ($seconds, $minutes, $hours, $day, $month, $year) = gmtime;
section('clock');
printf "%04d-%02d-%02dT%02d:%02d:%02dZ\n", $year + 1900, $month + 1, $day, $hours, $minutes, $seconds;
section('inodes');
for my $file ('/proc/self/ns/net', map("/proc/$_/ns/net", split ' ', $given{pids}), map "$folder/$_", names_in($folder)) {
  my (undef, $inode) = stat $file;
  print "$inode $file\n" if defined $inode;
}
if ($only ne 'devices') {
  my $release = text_of('/proc/sys/kernel/osrelease');
  chomp $release;
  my $builtin = text_of("$root/lib/modules/$release/modules.builtin");
  firewalls($builtin);
  modules($builtin, text_of("$root/lib/modules/$release/modules.dep")) if !$only;
}
namespaces();
section('end');
