import { formatDuration } from '../../../protocol/format.ts';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import type { FileEntry, TimerfdEntry } from '../../criu/schema/generated/messages.ts';
import { signalsOf } from '../isolation/signal-names.ts';
import type { FileIndex } from './file-index.ts';
import { STREAMS } from './pipes.ts';

/** Of long lists so many are named. */
const NAMED = 6;

/** What is particular to a file of its kind, in a few words; undefined for kinds whose target says it all. */
export function aboutFile(file: FileEntry, index: FileIndex): Sentence | undefined {
  const { efd, epfd, sgfd, tfd, ify, ffy, pidfd, pipe, tunf, bpf } = file;
  if (efd) return sentence('count {0}', String(efd.counter));
  if (epfd) return sentence('waits for descriptors {0}', named(epfd.tfd.map((target) => String(target.tfd))));
  if (sgfd) return sentence('takes {0}', named(signalsOf(sgfd.sigmask, index.signals)));
  if (tfd) return aboutTimer(tfd);
  if (ify) return sentence('watches {0}', named(ify.wd.map((watch) => watch.f_handle.path ?? `inode ${watch.i_ino}`)));
  if (ffy) {
    const marked = ffy.mark.map(
      ({ ie, me }) => ie?.f_handle.path ?? me?.path ?? (me ? `mount ${me.mnt_id}` : `inode ${ie?.i_ino ?? '?'}`),
    );
    return sentence('watches {0}', named(marked));
  }
  if (pidfd) return pidfd.nspid > 0 ? sentence('process {0}', pidfd.nspid) : sentence('a process that was gone');
  if (tunf) return tunf.netdev === undefined ? sentence('not attached') : sentence('{0}', tunf.netdev);
  if (bpf) return sentence('{0}', bpf.map_name);
  const stream = pipe && STREAMS[index.streams.indexOf(`pipe:[${pipe.pipe_id}]`)];
  return stream && CONTAINER_STREAMS[stream];
}

const CONTAINER_STREAMS: Readonly<Record<(typeof STREAMS)[number], Sentence>> = {
  'standard input': sentence('the container’s standard input'),
  'standard output': sentence('the container’s standard output'),
  'standard error': sentence('the container’s standard error'),
};

function aboutTimer({ vsec, vnsec, isec, insec }: TimerfdEntry): Sentence {
  const microseconds = (seconds: bigint, nanoseconds: bigint) => Number(seconds) * 1e6 + Number(nanoseconds) / 1e3;
  const remaining = microseconds(vsec, vnsec);
  const interval = microseconds(isec, insec);
  if (remaining === 0) return sentence('not set');
  if (interval === 0) return sentence('goes off in {0}', formatDuration(remaining));
  return sentence('goes off in {0}, then every {1}', formatDuration(remaining), formatDuration(interval));
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${shown} …` : shown;
}
