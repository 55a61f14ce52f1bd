# Asks an engine for lists of objects by its API, all over one `docker system dial-stdio`, and prints of each object the
# fields that were named and no others, as one line of JSON in the engine's own shape; see engine-fields.ts. Arguments:
# the mark, how long all may take in seconds, a pattern, then a word for each list: name, path, most objects, fields, with a
# space between. A list that is refused, or more than is read, ends it before the section `end`.
use strict; use warnings; no warnings 'recursion';
my ($mark, $seconds, $known, @lists) = @ARGV;
# Of one answer; an object inside of another may be as deep, a line of a head as long.
my ($most_bytes, $most_depth, $most_head) = (1 << 27, 100, 1 << 16);
my ($from, $pid, $body, $answer) = (undef, 0, '', '');
sub section { print join(' ', $mark, @_), "\n" }

# The client waits for its engine when its input has ended: one that is left would stay as long as that hangs.
sub release {
  return if !$pid;
  local ($?, $!, $@);
  kill 'KILL', $pid;
  waitpid $pid, 0;
  $pid = 0;
}
END { release() }
$SIG{$_} = sub { exit 1 } for qw(TERM HUP INT);
$SIG{ALRM} = sub { print STDERR "the engine does not answer within $seconds s\n"; exit 1 };
$SIG{PIPE} = 'IGNORE';

# A tree by what stands between slashes: a leaf is a text, a number or nothing, `[]` is each of a list, `*` any name, `~` a
# text that the pattern is in, and nothing of one that it is not in.
sub wanted {
  my %tree;
  for my $field (@_) {
    my $at = \%tree;
    $at = $at->{$_} //= {} for split m{/}, $field;
  }
  return \%tree;
}

# What stands next, behind spaces, and is passed by; nothing at the end.
sub after { return $body =~ /\G\s*+(.)/gcs ? $1 : '' }

# A text whose first quote was passed, with both. In steps: Perl repeats no group as often as a text may have lines.
sub text {
  my $start = pos($body) - 1;
  until ($body =~ /\G[^"\\]*+"/gc) { $body =~ /\G[^"\\]*+\\./gcs or die "no end of a text\n" }
  return substr $body, $start, pos($body) - $start;
}

# What stands at the position of the answer, shortened to what is wanted of it; what nobody wants is passed over.
sub taken {
  my ($want, $depth) = @_;
  die "too deep\n" if $depth > $most_depth;
  my $first = after();
  my @kept;
  if ($first eq '{') {
    my $next = after();
    while ($next ne '}') {
      $next eq '"' or die "no name\n";
      my $name = text();
      after() eq ':' or die "no object\n";
      my $key = substr $name, 1, -1;
      my $part = $want && $key ne '[]' && $key ne '~' ? $want->{$key} // $want->{'*'} : undef;
      my $value = taken($part, $depth + 1);
      push @kept, "$name:$value" if $part;
      $next = after();
      if ($next eq ',') { ($next = after()) eq '"' or die "no name\n" }
      elsif ($next ne '}') { die "no object\n" }
    }
    return $want && %$want && !$want->{'[]'} && !$want->{'~'} ? '{' . join(',', @kept) . '}' : 'null';
  }
  if ($first eq '[') {
    my $each = $want && $want->{'[]'};
    return $each ? '[]' : 'null' if $body =~ /\G\s*+\]/gc;
    while (1) {
      my $value = taken($each, $depth + 1);
      push @kept, $value if $each;
      my $next = after();
      last if $next eq ']';
      $next eq ',' or die "no list\n";
    }
    return $each ? '[' . join(',', @kept) . ']' : 'null';
  }
  my $text;
  if ($first eq '"') { $text = text() }
  else {
    pos($body) -= 1 if $first ne '';
    $text = $body =~ /\G(-?[0-9][0-9.eE+-]*|true|false|null)/gc ? $1 : die "no JSON\n";
  }
  return $want && (!%$want || $want->{'~'} && $text =~ /$known/i) ? $text : 'null';
}

# Prints a whole list: objects up to so many, each in a line.
sub list {
  my ($name, $most, @fields) = @_;
  my ($want, $count) = (wanted(@fields), 0);
  pos($body) = 0;
  section($name);
  my $next = after();
  if ($next eq 'n') { $body =~ /\Gull/gc or die "no list\n" }
  else {
    $next eq '[' or die "no list\n";
    $next = $body =~ /\G\s*+\]/gc ? ']' : ',';
    while ($next ne ']') {
      $next eq ',' or die "no list\n";
      $body =~ /\G\s*+(?=\{)/gc or die "no object\n";
      my $object = taken($want, 0);
      print $object, "\n" if $count++ < $most;
      $next = after();
    }
  }
  after() eq '' or die "more than a list\n";
  section('cut', $name) if $count > $most;
}

sub more {
  my $length = sysread $from, $answer, 1 << 16, length $answer;
  die "the engine ended the connection\n" if !$length;
}
sub line {
  my $end;
  while (($end = index $answer, "\n") < 0) {
    die "no HTTP\n" if length($answer) > $most_head;
    more();
  }
  return substr($answer, 0, $end + 1, '') =~ s/\r?\n$//r;
}
sub bytes {
  my ($length) = @_;
  die "more than $most_bytes bytes\n" if $length > $most_bytes;
  more() while length $answer < $length;
  return substr $answer, 0, $length, '';
}

# The status of the next answer, and its body.
sub answered {
  my ($status, %head);
  do {
    ($status) = line() =~ m{^HTTP/1\.1 (\d{3})} or die "no HTTP\n";
    %head = ();
    while ((my $header = line()) ne '') { $head{lc $1} = $2 if $header =~ /^([\w-]+):\s*(.*?)\s*$/ }
  } while $status < 200;
  my $whole = '';
  if (lc($head{'transfer-encoding'} // '') eq 'chunked') {
    while (1) {
      my ($length) = line() =~ /^([0-9a-fA-F]{1,8})\s*(?:;|$)/ or die "no chunk\n";
      last if !hex $length;
      $whole .= bytes(hex $length);
      die "more than $most_bytes bytes\n" if length($whole) > $most_bytes;
      line() eq '' or die "no chunk\n";
    }
    1 while line() ne '';
  } else {
    my ($length) = ($head{'content-length'} // '') =~ /^(\d{1,12})$/ or die "no length\n";
    $whole = bytes($length);
  }
  return ($status, $whole);
}

alarm $seconds;
pipe my $reads, my $to or die "no pipe: $!\n";
pipe $from, my $writes or die "no pipe: $!\n";
$pid = fork // die "no process: $!\n";
if (!$pid) {
  $SIG{$_} = 'DEFAULT' for qw(TERM HUP INT ALRM PIPE);
  open STDIN, '<&', $reads or child_exit();
  open STDOUT, '>&', $writes or child_exit();
  close $_ for $reads, $to, $from, $writes;
  no warnings 'exec';
  exec qw(docker system dial-stdio) or print STDERR "docker: $!\n";
  child_exit();
}
# Of the child alone: what is to be done at the end is for its parent.
sub child_exit { $pid = 0; exit 127 }
close $_ for $reads, $writes;
syswrite $to, join '', map { "GET $_ HTTP/1.1\r\nHost: engine\r\n\r\n" } map { (split / /)[1] } @lists;
for my $asked (@lists) {
  my ($name, undef, @given) = split / /, $asked;
  (my $status, $body) = answered();
  if ($status != 200) {
    my ($said) = $body =~ /"message"\s*:\s*"([^"\\]{0,300})/;
    section('refused', $name, $status);
    print $said // '', "\n";
    exit 0;
  }
  list($name, @given);
}
section('end');
