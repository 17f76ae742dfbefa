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

// Perl, since every Debian has it, and it starts within a few ms under FFmpeg's own limits.
const script = (real: string, behaviour: Misbehaviour): string => `#!/usr/bin/perl
use strict; use warnings;
use IO::Socket::UNIX; use IO::Select; use POSIX ':sys_wait_h';
my ($told, $code, $silent) = (0, undef, 0);
$SIG{TERM} = 'IGNORE'; $SIG{PIPE} = 'IGNORE'; $SIG{USR1} = sub { $told = 1 }; $SIG{CHLD} = sub {};
my ($select, @first, %kind, %to) = (IO::Select->new);
my @args = map {
  if (/^unix:(.*)$/) {
    my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => "$1.r", Listen => 1) or die "listen: $!";
    $select->add($listener); $kind{$listener} = $1; "unix:$1.r"
  } else { $_ }
} @ARGV;
my $child = fork; die unless defined $child;
if ($child == 0) { exec('${real}', @args) or die }
close STDIN;
sub misbehave {
  my $behaviour = '${behaviour}';
  if ($behaviour =~ /^exits with (\\d)/) { kill 'KILL', $child; POSIX::_exit($1) }
  if ($behaviour =~ /^writes garbage/) { syswrite $first[1], join('', map { chr(int(rand(256))) } 1 .. 4096) }
  if ($behaviour =~ /^stops/) { $silent = 1 }
  if ($behaviour =~ /^closes/) { shutdown $first[1], 2; close $first[1]; delete $to{$first[0]} }
  if ($behaviour =~ /^floods/) {
    return if fork;
    my $line = ('all is lost ' x 80) . "\\n";
    print STDERR $line for 1 .. 70_000;
    POSIX::_exit(0);
  }
}
while (1) {
  if ($told) { $told = 0; misbehave() if @first }
  for my $ready ($select->can_read(0.05)) {
    if (defined $kind{$ready}) {
      my $in = $ready->accept or next;
      my $out = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $kind{$ready}) or die "connect: $!";
      $to{$in} = $out; @first = ($in, $out) unless @first;
      $select->add($in); $select->remove($ready); close $ready;
    } else {
      my $read = sysread $ready, my $bytes, 65536;
      if (!$read) { $select->remove($ready); if (my $out = delete $to{$ready}) { close $out } close $ready; next }
      my $out = $to{$ready} or next;
      if ($silent == 1 && $ready == $first[0]) { syswrite $out, substr($bytes, 0, int(length($bytes) / 2)); $silent = 2 }
      next if $silent == 2;
      for (my $at = 0; $at < length $bytes;) { $at += syswrite($out, $bytes, 65536, $at) // last }
    }
  }
  if (!defined $code && waitpid($child, WNOHANG) == $child) { $code = $? }
  last if defined $code && !grep { !defined $kind{$_} } $select->handles;
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
