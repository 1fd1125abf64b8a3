import type { OpenFileFacts } from '../../../src/protocol/open-files.ts';
import type { Wire } from '../../../src/protocol/wire.ts';
import { Fact, Facts } from '../../parts/facts.tsx';
import { Code, Size } from '../../parts/values.tsx';
import { t } from '../../text.ts';
import { HolderList, ProcessLink } from './holders.tsx';
import type { Kind } from './kinds.tsx';

/** A terminal as stty and ps would tell of it. */
export function TerminalView({ terminal, file }: { terminal: Kind<'terminal'>; file: Wire<OpenFileFacts> }) {
  const { size, settings, side } = terminal;
  return (
    <>
      <Facts title={t('Terminal')}>
        <Fact label={t('Kind')}>
          {side === undefined ? kindText(terminal.terminal) : sideText(side, terminal.index)}
        </Fact>
        <Fact label={t('Size')}>
          {size &&
            (size.rows === 0 && size.columns === 0
              ? t('not set')
              : t('{0} rows of {1} columns', size.rows, size.columns))}
        </Fact>
        <Fact label={t('Session')}>
          {terminal.session !== undefined && <ProcessLink pid={terminal.session} command={undefined} />}
        </Fact>
        <Fact label={t('In the foreground')} title={t('The process group that gets what is typed')}>
          {terminal.foreground}
        </Fact>
        <Fact label={t('Settings')} title={t('As stty prints them')}>
          {settings && <Code>{settings.words.join(' ')}</Code>}
        </Fact>
        <Fact label={t('Unread')}>{file.unread !== undefined && <Size bytes={file.unread} />}</Fact>
        <Fact label={t('Device')}>{`${String(terminal.deviceMajor)}:${String(terminal.deviceMinor)}`}</Fact>
        <Fact label={t('Marks')}>
          {[
            terminal.locked && t('locked'),
            terminal.exclusive && t('exclusive'),
            terminal.packetMode && t('packet mode'),
          ]
            .filter((mark) => mark !== false)
            .join(', ')}
        </Fact>
      </Facts>
      {side !== undefined && (
        <HolderList
          title={side === 'slave' ? t('The side of who shows it') : t('The side of the programs')}
          holders={terminal.other}
          none={t('Nobody in this checkpoint: it is outside, with the engine.')}
        />
      )}
    </>
  );
}

function sideText(side: 'master' | 'slave', index: number | undefined): string {
  return side === 'slave' ? t('pseudo terminal {0}', index ?? '?') : t('master of pseudo terminal {0}', index ?? '?');
}

function kindText(terminal: Kind<'terminal'>['terminal']): string {
  switch (terminal) {
    case 'pty':
      return t('pseudo terminal');
    case 'console':
      return t('console');
    case 'virtual terminal':
      return t('virtual terminal');
    case 'controlling terminal':
      return t('the controlling terminal, whichever that is (/dev/tty)');
    case 'external':
      return t('a terminal outside this checkpoint');
    case 'serial':
      return t('serial line');
    case 'unknown':
      return t('unknown');
  }
}
