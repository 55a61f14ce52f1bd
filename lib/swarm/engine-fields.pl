# Asks an engine for lists of objects by its API, all over one `docker system dial-stdio`, and prints of each object the
# fields that were named and no others, as one line of JSON in the engine's own shape; see engine-fields.ts. Arguments:
# the mark, how long all may take in seconds, a pattern, then a word for each list: name, path, most objects, fields, with a
# space between. A list that is refused ends it before the section `end`.
use strict; use warnings; no warnings 'recursion';
my ($mark, $seconds, $known, @lists) = @ARGV;
# Of one answer; an object inside of another may be as deep.
my ($most_bytes, $most_depth) = (1 << 26, 100);
my ($from, $body, $answer) = (undef, '', '');
sub section { print join(' ', $mark, @_), "\n" }

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

# What stands at the position of the answer, shortened to what is wanted of it; what nobody wants is passed over.
sub taken {
  my ($want, $depth) = @_;
  die "too deep\n" if $depth > $most_depth;
  if ($body =~ /\G\s*("(?:[^"\\]++|\\.)*+"|-?[0-9][0-9.eE+-]*|true|false|null)/gcs) {
    my $text = $1;
    return $text if $want && (!%$want || $want->{'~'} && $text =~ /$known/i);
    return 'null';
  }
  my @kept;
  if ($body =~ /\G\s*\[/gc) {
    my $each = $want && $want->{'[]'};
    while ($body !~ /\G\s*\]/gc) {
      push @kept, taken($each, $depth + 1);
      $body =~ /\G\s*(?:,|(?=\]))/gc or die "no list\n";
    }
    return $each ? '[' . join(',', @kept) . ']' : 'null';
  }
  $body =~ /\G\s*\{/gc or die "no JSON\n";
  while ($body !~ /\G\s*\}/gc) {
    $body =~ /\G\s*("((?:[^"\\]++|\\.)*+)")\s*:/gcs or die "no name\n";
    my ($name, $part) = ($1, $want && ($want->{$2} // $want->{'*'}));
    my $value = taken($part, $depth + 1);
    push @kept, "$name:$value" if $part;
    $body =~ /\G\s*(?:,|(?=\}))/gc or die "no object\n";
  }
  return $want && %$want && !$want->{'[]'} ? '{' . join(',', @kept) . '}' : 'null';
}

sub more {
  my $length = sysread $from, $answer, 1 << 16, length $answer;
  die "the engine ended the connection\n" if !$length;
  die "more than $most_bytes bytes\n" if length($answer) > $most_bytes;
}
sub line {
  more() while $answer !~ /^([^\n]*?)\r?\n/;
  return substr($answer, 0, $+[0], '') =~ s/\r?\n$//r;
}
sub bytes {
  my ($length) = @_;
  more() while length $answer < $length;
  return substr $answer, 0, $length, '';
}

# The body of the next answer, and its status.
sub answered {
  my ($status) = line() =~ m{^HTTP/1\.1 (\d{3})} or die "no HTTP\n";
  my %head;
  while ((my $header = line()) ne '') { $head{lc $1} = $2 if $header =~ /^([\w-]+):\s*(.*)$/ }
  my $whole = '';
  if (lc($head{'transfer-encoding'} // '') eq 'chunked') {
    while (my $length = hex line()) {
      $whole .= bytes($length);
      die "more than $most_bytes bytes\n" if length($whole) > $most_bytes;
      line();
    }
    line();
  } else { $whole = bytes($head{'content-length'} // 0) }
  return ($status, $whole);
}

$SIG{ALRM} = sub { print STDERR "the engine does not answer\n"; exit 1 };
alarm $seconds;
pipe my $reads, my $to or die "no pipe: $!\n";
pipe $from, my $writes or die "no pipe: $!\n";
my $pid = fork // die "no process: $!\n";
if (!$pid) {
  open STDIN, '<&', $reads or exit 126;
  open STDOUT, '>&', $writes or exit 126;
  close $_ for $reads, $to, $from, $writes;
  no warnings 'exec';
  exec qw(docker system dial-stdio) or exit 127;
}
close $_ for $reads, $writes;
$SIG{PIPE} = 'IGNORE';
syswrite $to, join '', map { "GET $_ HTTP/1.1\r\nHost: engine\r\n\r\n" } map { (split / /)[1] } @lists;
for my $list (@lists) {
  my ($name, undef, $most, @fields) = split / /, $list;
  (my $status, $body) = answered();
  if ($status != 200) {
    my ($said) = $body =~ /"message"\s*:\s*"((?:[^"\\]|\\.){0,300})/;
    section('refused', $name, $status);
    print $said // '', "\n";
    exit 0;
  }
  my ($want, $count) = (wanted(@fields), 0);
  $body =~ /\G\s*\[/gc or $body =~ /\G\s*null/gc or die "no list\n";
  section($name);
  while ($body =~ /\G\s*(?=\{)/gc) {
    my $object = taken($want, 0);
    print $object, "\n" if $count++ < $most;
    $body =~ /\G\s*,/gc or last;
  }
  section('cut', $name) if $count > $most;
}
close $to;
section('end');
# It ends with its input; nothing waits for it.
kill 'TERM', $pid;
waitpid $pid, 0;
