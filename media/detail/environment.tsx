import { useState } from 'preact/hooks';
import type { ProcessDetail } from '../../src/protocol/checkpoint-api.ts';
import { escapeText } from '../../src/protocol/format.ts';
import { IconButton } from '../parts/icon.tsx';
import { LongList } from '../parts/long-list.tsx';
import { Code, CopyButton } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import { Section } from './pane.tsx';

type Variables = ProcessDetail['environment'];

/**
 * The environment as a table whose values are masked until revealed, one by one or all at once (Space in the grid).
 * Values are asked for only then, and forgotten with the process.
 */
export function Environment(props: { pid: number; variables: Variables; revealed: boolean; known: boolean }) {
  const session = useSession();
  const version = useStore(session.version, (count) => count);
  const [all, setAll] = useState(false);
  const [some, setSome] = useState<ReadonlySet<number>>(new Set());
  const everything = all !== props.revealed;
  const wanted = everything || some.size > 0;
  const revealed = useResource(
    wanted ? (signal) => session.host.process(props.pid, true, signal) : undefined,
    String(props.pid),
    version,
  );
  const secrets = wanted ? revealed.value?.environment : undefined;
  const maskable = props.variables.some((variable) => variable.masked);

  const toggle = (index: number) => {
    const next = new Set(some);
    if (!next.delete(index)) next.add(index);
    setSome(next);
  };
  const toggleAll = () => {
    setSome(new Set());
    setAll(!all);
  };
  if (props.variables.length === 0) {
    return (
      <Section title={t('Environment')}>
        <p class="muted">
          {props.known
            ? t('The environment is empty.')
            : t('The environment is in memory that this checkpoint does not hold.')}
        </p>
      </Section>
    );
  }
  return (
    <Section
      title={t('Environment')}
      count={props.variables.length}
      actions={
        maskable && (
          <button
            type="button"
            class="link"
            aria-pressed={everything}
            onClick={toggleAll}
            title={t('Space in the table does the same')}
          >
            {everything ? t('Mask all') : t('Reveal all')}
          </button>
        )
      }
    >
      <LongList items={props.variables}>
        {(shown) => (
          <table class="plain-table environment">
            <tbody>
              {shown.map((variable, index) => {
                const open = everything || some.has(index);
                const value = open ? secrets?.[index]?.value : undefined;
                return (
                  <tr key={index}>
                    <th scope="row" class="code">
                      <div>{escapeText(variable.key)}</div>
                    </th>
                    <td class={variable.masked && value === undefined ? 'masked' : ''}>
                      <Code>{value ?? variable.value}</Code>
                    </td>
                    <td class="row-actions">
                      {variable.masked && (
                        <IconButton
                          icon={open ? 'eye-closed' : 'eye'}
                          label={
                            open ? t('Mask {0}', escapeText(variable.key)) : t('Reveal {0}', escapeText(variable.key))
                          }
                          pressed={open}
                          disabled={everything}
                          onClick={() => toggle(index)}
                        />
                      )}
                      {(!variable.masked || value !== undefined) && <CopyButton text={value ?? variable.value} />}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </LongList>
    </Section>
  );
}
