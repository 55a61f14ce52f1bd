# Keeps the program that follows it, and runs it again and again, each time in a child of its own: see kept-program.ts. It
# is compiled once; on an emulated host that, a shell and what ties them to a channel cost half a second of processor, a
# child some milliseconds.
#
# Input, each with a head in a line: `RUN run`, `RUN in BYTES` and the bytes, `RUN end` (of its input), `RUN INT`, `RUN KILL`.
# Output: `RUN out BYTES` and the bytes, `RUN err BYTES` and the bytes, `RUN exit CODE`, -1 where a signal ended it.
# The end of input ends everything.
sub kept {
  # Asked for without modules: fcntl of Linux, O_NONBLOCK and F_SETFL; EAGAIN and EINTR.
  my ($F_SETFL, $NONBLOCK, $EAGAIN, $EINTR) = (4, 2048, 11, 4);
  my $most = 65536;
  my (%runs, $input, $body) = ();
  ($input, $body) = ('', undef);
  $SIG{PIPE} = 'IGNORE';

  my $say = sub {
    my ($id, $what, $bytes) = @_;
    my $text = $what eq 'exit' ? "$id exit $bytes\n" : "$id $what " . length($bytes) . "\n$bytes";
    for (my $at = 0; $at < length $text;) {
      my $count = syswrite STDOUT, $text, length($text) - $at, $at;
      if (defined $count) { $at += $count }
      # Somebody else who has it open may have made it not wait.
      elsif ($! == $EAGAIN) {
        my $out = '';
        vec($out, 1, 1) = 1;
        select undef, $out, undef, undef;
      }
      elsif ($! != $EINTR) { exit 1 }
    }
  };
  my $run = sub {
    my ($id) = @_;
    my @ends;
    for (0 .. 2) { pipe($ends[2 * $_], $ends[2 * $_ + 1]) or return }
    my $pid = fork;
    return unless defined $pid;
    if (!$pid) {
      # Of the others it holds nothing open: they would not see the end of their input.
      close $_ for map { ($_->{in} // (), $_->{out} // (), $_->{err} // ()) } values %runs;
      close $_ for @ends[1, 2, 4];
      open STDIN, '<&', $ends[0] or exit 126;
      open STDOUT, '>&', $ends[3] or exit 126;
      open STDERR, '>&', $ends[5] or exit 126;
      close $_ for @ends[0, 3, 5];
      $SIG{PIPE} = 'DEFAULT';
      return 'child';
    }
    close $_ for @ends[0, 3, 5];
    fcntl $ends[1], $F_SETFL, $NONBLOCK;
    $runs{$id} = { pid => $pid, in => $ends[1], out => $ends[2], err => $ends[4], left => '', ended => 0 };
    return 'parent';
  };
  my $write = sub {
    my ($one) = @_;
    if (length $one->{left}) {
      my $count = syswrite $one->{in}, $one->{left};
      # It may have ended without having read all.
      if (defined $count) { substr($one->{left}, 0, $count) = '' }
      elsif ($! != $EAGAIN && $! != $EINTR) { @$one{qw(left ended)} = ('', 1) }
    }
    close delete $one->{in} if $one->{ended} && !length $one->{left};
  };

  while (1) {
    my ($read, $to) = ('', '');
    vec($read, 0, 1) = 1;
    for (values %runs) {
      vec($read, fileno $_->{out}, 1) = 1 if $_->{out};
      vec($read, fileno $_->{err}, 1) = 1 if $_->{err};
      vec($to, fileno $_->{in}, 1) = 1 if $_->{in} && length $_->{left};
    }
    # What closed its outputs and has not ended is looked at again: nobody else waits for it.
    my $wait = (grep { !$_->{out} && !$_->{err} } values %runs) ? 0.05 : undef;
    my ($can_read, $can_write) = ($read, $to);
    my $found = select $can_read, $can_write, undef, $wait;
    next if $found < 0;
    for my $id (keys %runs) {
      my $one = $runs{$id};
      $write->($one) if $one->{in} && vec $can_write, fileno $one->{in}, 1;
      for my $what ('out', 'err') {
        next unless $one->{$what} && vec $can_read, fileno $one->{$what}, 1;
        my $count = sysread $one->{$what}, (my $bytes), $most;
        if ($count) { $say->($id, $what, $bytes) }
        elsif (defined $count || $! != $EINTR) { close delete $one->{$what} }
      }
      next if $one->{out} || $one->{err};
      waitpid($one->{pid}, 1) == $one->{pid} or next;
      $say->($id, 'exit', $? & 127 ? -1 : $? >> 8);
      delete $runs{$id};
    }
    next unless vec $can_read, 0, 1;
    my $count = sysread STDIN, $input, $most, length $input;
    if (!$count) {
      next if !defined $count && $! == $EINTR;
      kill 'TERM', map { $_->{pid} } values %runs;
      exit 0;
    }
    while (1) {
      if ($body) {
        last if length $input < $body->[1];
        my $bytes = substr $input, 0, $body->[1], '';
        my $one = $runs{$body->[0]};
        $body = undef;
        next unless $one && $one->{in} && !$one->{ended};
        $one->{left} .= $bytes;
        $write->($one);
        next;
      }
      last unless $input =~ s/^(\d+) (\w+)(?: (\d+))?\n//;
      my ($id, $verb, $bytes) = ($1, $2, $3);
      if ($verb eq 'in') { $body = [$id, $bytes] }
      elsif ($verb eq 'run') {
        my $which = $run->($id) // '';
        return if $which eq 'child';
        if ($which eq '') { $say->($id, 'err', "no process can be made: $!\n"); $say->($id, 'exit', 126) }
      }
      # What ended meanwhile is told on its way.
      elsif (my $one = $runs{$id}) {
        if ($verb eq 'end') { $one->{ended} = 1; $write->($one) if $one->{in} }
        else { kill $verb, $one->{pid} }
      }
    }
  }
}
kept();
