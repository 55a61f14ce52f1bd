# Arguments: a program, and where a link to a sealed copy of it in memory is made. Ends as a process that keeps the copy.
use strict; use warnings;
# memfd_create(2) of x86-64 with MFD_ALLOW_SEALING; F_ADD_SEALS with seals against shrinking, growing, writing and seals.
use constant { MEMFD_CREATE => 319, ALLOW_SEALING => 2, ADD_SEALS => 1033, ALL_SEALS => 15, SET_FLAGS => 2 };
my ($program, $link) = @ARGV;
open my $from, '<:raw', $program or die "$program: $!\n";
my $name = 'sealed';
my $number = syscall MEMFD_CREATE, $name, ALLOW_SEALING;
die "memfd_create: $!\n" if $number < 0;
open my $copy, '+<&=', $number or die "memory: $!\n";
binmode $copy;
local $/ = \1_048_576;
while (defined(my $part = <$from>)) { print {$copy} $part or die "memory: $!\n" }
$copy->flush;
chmod 0755, $copy or die "chmod: $!\n";
fcntl $copy, ADD_SEALS, ALL_SEALS or die "seals: $!\n";
# What comes after this program keeps it open.
fcntl $copy, SET_FLAGS, 0 or die "flags: $!\n";
unlink $link;
symlink "/proc/$$/fd/$number", $link or die "$link: $!\n";
exec 'sleep', 'infinity' or die "sleep: $!\n";
