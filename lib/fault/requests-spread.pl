# Arguments: its port, that of the tasks, and their addresses.
use strict; use warnings;
use IO::Socket::INET;
my ($relayPort, $linePort, @to) = @ARGV;
my $server = IO::Socket::INET->new(LocalPort => $relayPort, Listen => 9, ReuseAddr => 1) or die;
while (my $client = $server->accept) {
  my $count = 0;
  while (defined(my $line = <$client>)) {
    last if $line eq "\n";
    my $task = IO::Socket::INET->new(PeerAddr => $to[$count++ % @to], PeerPort => $linePort) or last;
    print $task "$line\n";
    while (defined(my $answer = <$task>)) { print $client $answer }
  }
}
