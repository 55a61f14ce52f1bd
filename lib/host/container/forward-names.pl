# Answers questions for names on UDP port 53 of an address of the host as the nameserver of the engine outside does, which
# cannot be asked from the namespaces of tasks. Arguments: the address; whom to ask; another port
# than 53.
use strict;
use warnings;
use Socket;
use IO::Select;
use Time::HiRes qw(time);

my ($own, $asked, $port) = @ARGV;
$port ||= 53;
# A nameserver that has not answered by then does not.
my $patience = 15;
my $most = 512;
# A datagram may be lost on its way, and an engine waits 4 s: it is asked again after so many seconds, until it is answered.
my $again = 1.5;

sub udp {
    socket my $socket, PF_INET, SOCK_DGRAM, 0 or die "no socket: $!\n";
    return $socket;
}

my $server = udp();
bind $server, pack_sockaddr_in($port, inet_aton($own)) or die "port $port of $own: $!\n";
my $waiting = IO::Select->new($server);
my %clients;    # by file number of the socket that asks for them

while (1) {
    for my $ready ($waiting->can_read(0.5)) {
        if ($ready == $server) {
            my $from = recv $server, my $question, 65535, 0;
            next if !defined $from || keys %clients >= $most;
            my $socket = udp();
            connect $socket, pack_sockaddr_in($port, inet_aton($asked)) or next;
            defined send $socket, $question, 0 or next;
            $clients{ fileno $socket } = {
                socket   => $socket,
                from     => $from,
                question => $question,
                until    => time + $patience,
                again    => time + $again,
            };
            $waiting->add($socket);
        }
        else {
            my $number = fileno $ready;
            my $client = $clients{$number} or next;
            # Nobody listens there now, which is read as an error: it is asked again.
            next if !defined recv $ready, my $answer, 65535, 0;
            delete $clients{$number};
            $waiting->remove($ready);
            send $server, $answer, 0, $client->{from};
        }
    }
    for my $number (keys %clients) {
        my $client = $clients{$number};
        if ($client->{until} < time) {
            delete $clients{$number};
            $waiting->remove($client->{socket});
        }
        elsif ($client->{again} < time) {
            $client->{again} = time + $again;
            send $client->{socket}, $client->{question}, 0;
        }
    }
}
