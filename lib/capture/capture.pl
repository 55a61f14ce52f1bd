# Arguments as captureCommand in capture-script.ts gives them, which says what this does.
use strict; use warnings;
my (undef, $limit, $namespace, $interface, $direction, $snapshot, $filter, $canaries) = @ARGV;
$ENV{PATH} .= ':/usr/local/sbin:/usr/sbin:/sbin';
$ENV{LC_ALL} = 'C';
# Of x86-64, AArch64 and RISC-V, by the head of its own program (ELF, e_machine).
open my $exe, '<', '/proc/self/exe' or die "cannot read this program: $!\n";
sysread $exe, my $head, 20;
my $machine = unpack 'x18 S', $head;
my ($setns, $prctl) = $machine == 62 ? (308, 157)
  : $machine == 183 || $machine == 243 ? (268, 167) : (0, 0);
sub broken { print STDERR "swarmproof: @_\n"; exit 3 }
broken("this processor is not known: $machine") unless $setns;

if ($namespace ne '-') {
  open my $handle, '<', $namespace or broken("cannot open namespace $namespace: $!");
  syscall($setns, fileno($handle), 0x40000000) == 0 or broken("cannot enter namespace $namespace: $!");
}
socket my $socket, 17, 3, 0 or broken("cannot make a packet socket: $!");
sub ask {
  my ($what) = @_;
  my $answer = pack 'a16 x24', $interface;
  ioctl $socket, $what, $answer or broken("no interface $interface: $!");
  return substr $answer, 16;
}
my $index = unpack 'i', ask(0x8933);
my ($kind, $mac) = unpack 'S a6', ask(0x8927);
broken("interface $interface is not an Ethernet interface (ARPHRD type $kind)") unless $kind == 1 || $kind == 772;
broken("interface $interface is down") unless 1 & unpack 'S', ask(0x8913);
my $target = pack 'S n i S C C a8', 17, 0x88b5, $index, 1, 0, 6, $mac;

my @words = ('tcpdump', '-i', $interface, '-p', '-n', '-U', '--immediate-mode', '-B', 16384, '-Z', 'root',
  '-s', $snapshot, '-w', '-', $direction eq 'out' ? ('-Q', 'out') : (), '--',
  $filter eq '' ? () : "($filter) or ($canaries)");
my ($self, $asked) = ($$, 0);
# It may have ended before anything else is done here.
$SIG{CHLD} = sub { $asked = 1 };
my $child = fork // broken("cannot fork: $!");
if (!$child) {
  close STDIN; open STDIN, '<', '/dev/null';
  syscall($prctl, 1, 15);
  exit 4 if getppid != $self;
  { no warnings 'exec'; exec @words }
  exit 5 if $! == 2;
  broken("cannot run tcpdump: $!");
}
close STDOUT;

my ($input, $EAGAIN, $ENOBUFS) = ('', 11, 105);
my $end = sub { $asked = 1 };
@SIG{qw(INT TERM HUP)} = ($end, $end, $end);
$SIG{ALRM} = sub { print STDERR "swarmproof: time limit of $limit s\n"; $asked = 1 };
alarm $limit;
until ($asked) {
  my $ready = '';
  vec($ready, fileno STDIN, 1) = 1;
  next if select($ready, undef, undef, 1) <= 0;
  sysread(STDIN, $input, 4096, length $input) or last;
  while ($input =~ s/^canary ([0-9a-f]+)\n//) {
    my $frame = pack 'a6 a6 n a4 H* x26', $mac, $mac, 0x88b5, 'swpc', $1;
    next if defined send($socket, $frame, 0, $target) || $! == $ENOBUFS || $! == $EAGAIN;
    print STDERR "swarmproof: cannot send a canary: $!\n";
    $asked = 1;
  }
}
$SIG{CHLD} = 'DEFAULT';
kill 'INT', $child;
waitpid $child, 0;
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
