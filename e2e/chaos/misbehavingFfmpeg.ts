/** FFmpeg with bad manners: a script in its place that runs the real one, passes its outputs on, and misbehaves when told by SIGUSR1. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findExecutable } from '../../actors/ffmpeg/launch.ts'
import { keptTemporaryFolder } from '../../deploy/local/keeper.ts'
import { ffmpegPath } from '../kit/ffmpegPath.ts'
import type { Arrangement } from './arrangement.ts'

/** What it does when told. */
export type Misbehaviour =
  /** Ends in the middle, as if all were well. */
  | 'exits with 0'
  | 'exits with 1'
  /** Writes what is no MP4 on its first output, and goes on. */
  | 'writes garbage on an output'
  /** Half a fragment, and nothing more on any output. */
  | 'stops in the middle of a fragment'
  /** Its first output ends, the others go on. */
  | 'closes one output'
  /** 64 MB of complaints, and goes on. */
  | 'floods stderr'

// Perl, since every Debian has it, and it starts within a few ms under FFmpeg's own limits. FFmpeg's outputs are the
// descriptors 3 and up: the script keeps its own, gives FFmpeg others in their place, and passes on what comes.
const script = (real: string, behaviour: Misbehaviour): string => `#!/usr/bin/perl
use strict; use warnings;
use IO::Select; use POSIX ':sys_wait_h'; use Socket;
my ($told, $code, $silent) = (0, undef, 0);
$SIG{TERM} = 'IGNORE'; $SIG{PIPE} = 'IGNORE'; $SIG{USR1} = sub { $told = 1 }; $SIG{CHLD} = sub {};
my ($select, @first, %to, @given) = (IO::Select->new);
for my $descriptor (map { /^pipe:([3-9])$/ ? $1 : () } @ARGV) {
  open(my $out, '+>&=', $descriptor) or die "output: $!";
  socketpair(my $in, my $given, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!";
  $select->add($in); $to{$in} = $out; @first = ($in, $out) unless @first;
  push @given, [$given, $descriptor];
}
my $child = fork; die unless defined $child;
if ($child == 0) {
  POSIX::dup2(fileno($_->[0]), $_->[1]) for @given;
  exec('${real}', @ARGV) or die;
}
close STDIN; close $_->[0] for @given;
sub misbehave {
  my $behaviour = '${behaviour}';
  if ($behaviour =~ /^exits with (\\d)/) { kill 'KILL', $child; POSIX::_exit($1) }
  if ($behaviour =~ /^writes garbage/) { syswrite $first[1], join('', map { chr(int(rand(256))) } 1 .. 4096) }
  if ($behaviour =~ /^stops/) { $silent = 1 }
  if ($behaviour =~ /^closes/) { close $first[1]; delete $to{$first[0]} }
  if ($behaviour =~ /^floods/) {
    return if fork;
    my $line = ('all is lost ' x 80) . "\\n";
    print STDERR $line for 1 .. 70_000;
    POSIX::_exit(0);
  }
}
while (1) {
  if ($told) { $told = 0; misbehave() }
  for my $ready ($select->can_read(0.05)) {
    my $read = sysread $ready, my $bytes, 65536;
    if (!$read) { $select->remove($ready); if (my $out = delete $to{$ready}) { close $out } close $ready; next }
    my $out = $to{$ready} or next;
    if ($silent == 1 && $ready == $first[0]) { syswrite $out, substr($bytes, 0, int(length($bytes) / 2)); $silent = 2 }
    next if $silent == 2;
    for (my $at = 0; $at < length $bytes;) { $at += syswrite($out, $bytes, 65536, $at) // last }
  }
  if (!defined $code && waitpid($child, WNOHANG) == $child) { $code = $? }
  last if defined $code && !$select->handles;
}
if ($code & 127) { $SIG{TERM} = 'DEFAULT'; kill $code & 127, $$ }
exit($code >> 8);
`

/** The arrangement in which actor nodes have that FFmpeg. */
export const misbehavingFfmpeg = async (behaviour: Misbehaviour): Promise<Arrangement> => {
  const real = findExecutable(ffmpegPath)
  if (real === undefined) throw new Error(`there is no ${ffmpegPath}`)
  const folder = await keptTemporaryFolder('ffmpeg')
  const path = join(folder.path, 'ffmpeg')
  writeFileSync(path, script(real, behaviour), { mode: 0o755 })
  return { environment: (node) => (node.startsWith('actors') ? { FFMPEG_PATH: path } : {}), close: folder.remove }
}
