# Answers questions for names on UDP port 53 of an address of the host as the nameserver of the engine outside does, which
# cannot be asked from the namespaces of tasks. Arguments: the address; whom to ask; another port
# than 53.
use strict;
use warnings;
use Socket;
use IO::Select;

my ($own, $asked, $port) = @ARGV;
$port ||= 53;
# A nameserver that has not answered by then does not.
my $patience = 15;
my $most = 512;

sub udp {
    socket my $socket, PF_INET, SOCK_DGRAM, 0 or die "no socket: $!\n";
    return $socket;
}

my $server = udp();
bind $server, pack_sockaddr_in($port, inet_aton($own)) or die "port $port of $own: $!\n";
my $waiting = IO::Select->new($server);
my %clients;    # by file number: [socket, who asked, until]

while (1) {
    for my $ready ($waiting->can_read(1)) {
        if ($ready == $server) {
            my $from = recv $server, my $question, 65535, 0;
            next if !defined $from || keys %clients >= $most;
            my $socket = udp();
            connect $socket, pack_sockaddr_in($port, inet_aton($asked)) or next;
            defined send $socket, $question, 0 or next;
            $clients{ fileno $socket } = [$socket, $from, time + $patience];
            $waiting->add($socket);
        }
        else {
            my $client = delete $clients{ fileno $ready } or next;
            $waiting->remove($ready);
            # Nothing comes of it where nobody listens.
            next if !defined recv $ready, my $answer, 65535, 0;
            send $server, $answer, 0, $client->[1];
        }
    }
    for my $number (grep { $clients{$_}[2] < time } keys %clients) {
        my $client = delete $clients{$number};
        $waiting->remove($client->[0]);
    }
}
