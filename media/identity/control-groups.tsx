import { escapeText } from '../../src/protocol/format.ts';
import type { CgroupFact, CgroupProperty } from '../../src/protocol/isolation.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Block } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { Code } from '../parts/values.tsx';
import { sentenceText, t, tn } from '../text.ts';

/** In which control groups the process is, and what they allow: first those that allow less than all. */
export function ControlGroups({
  groups,
  resources,
}: {
  groups: readonly Wire<CgroupFact>[];
  resources: readonly Wire<CgroupProperty>[];
}) {
  if (groups.length === 0 && resources.length === 0) return null;
  const telling = groups.filter((group) => group.path !== '/' || group.properties.some(isTelling));
  const roots = groups.filter((group) => !telling.includes(group));
  // Engines put a container at the same path of every hierarchy.
  const places = Map.groupBy(
    telling.toSorted((one, other) => Number(one.path === '/') - Number(other.path === '/')),
    ({ path, pathInside = '' }) => `${path}\n${pathInside}`,
  );
  return (
    <Block title={t('Control groups')}>
      {[...places].map(([place, at]) => (
        <Place key={place} groups={at} />
      ))}
      {roots.length > 0 && (
        <p>
          <span class="muted">{t('In the root group of')}</span> {roots.map(nameOf).join(' · ')}
        </p>
      )}
      {resources.length > 0 && (
        <>
          <h3 class="group-title">{t('Asked for by the specification')}</h3>
          <Properties properties={resources} />
        </>
      )}
    </Block>
  );
}

function nameOf({ controllers }: Wire<CgroupFact>): string {
  return controllers === '' ? t('unified (version 2)') : escapeText(controllers);
}

/** It bounds what the processes may use, or says how, in a way that is known. */
function isTelling({ words, unlimited, housekeeping }: Wire<CgroupProperty>): boolean {
  return words !== undefined && !unlimited && !housekeeping;
}

/** The groups at one path of several hierarchies. */
function Place({ groups }: { groups: readonly Wire<CgroupFact>[] }) {
  const properties = groups.flatMap((group) => group.properties);
  const telling = properties.filter(isTelling);
  const unlimited = properties.filter(({ unlimited, housekeeping }) => unlimited && !housekeeping);
  const rest = properties.length - telling.length;
  const [first] = groups;
  const unrecorded = groups.some(
    ({ version, properties: own }) => version === 2 && own.every((one) => !isTelling(one)),
  );
  return (
    <div class="cgroup">
      <p>
        <Code>{first?.path ?? ''}</Code>
        {first?.pathInside !== undefined && (
          <span class="muted"> · {t('seen inside as {0}', escapeText(first.pathInside))}</span>
        )}
      </p>
      <p>{groups.map(nameOf).join(' · ')}</p>
      {telling.length > 0 && <Properties properties={telling} />}
      {unlimited.length > 0 && (
        <p class="muted">{t('No limit: {0}', unlimited.map(({ name }) => escapeText(name)).join(', '))}</p>
      )}
      {unrecorded && <p class="muted">{t('CRIU does not record what a group of version 2 allows.')}</p>}
      {rest > 0 && (
        <details class="housekeeping">
          <summary class="muted">
            <Icon name="chevron-right" class="twistie" />
            {tn(rest, '{0} more value', '{0} more values')}
          </summary>
          {groups.map((group) => (
            <Rest key={group.hierarchy} group={group} />
          ))}
        </details>
      )}
    </div>
  );
}

/** What a group says beyond its limits. */
function Rest({ group }: { group: Wire<CgroupFact> }) {
  const rest = group.properties.filter((property) => !isTelling(property));
  if (rest.length === 0) return null;
  return (
    <>
      <h3 class="group-title">{nameOf(group)}</h3>
      <Properties properties={rest} />
    </>
  );
}

function Properties({ properties }: { properties: readonly Wire<CgroupProperty>[] }) {
  return (
    <table class="plain-table properties">
      <tbody>
        {properties.map(({ name, value, words, unlimited, inheritedFrom }) => (
          <tr key={name} class={unlimited ? 'muted' : ''}>
            <th class="code">{escapeText(name)}</th>
            <td class="code value">
              {value === '' ? <span class="muted">{t('(empty)')}</span> : <Lines text={value} />}
            </td>
            <td>
              {words && sentenceText(words)}
              {inheritedFrom !== undefined && <span class="muted"> · {t('from {0}', escapeText(inheritedFrom))}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Lists of devices have a line each. */
function Lines({ text }: { text: string }) {
  return (
    <>
      {text.split('\n').map((line, index) => (
        <div key={index}>
          <Code>{line}</Code>
        </div>
      ))}
    </>
  );
}
