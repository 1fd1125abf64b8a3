import { useEffect, useState } from 'preact/hooks';
import { escapeText } from '../../src/protocol/format.ts';
import type { ClusterChoices, ClusterWishes, NodeChoice } from '../../src/protocol/restore-api.ts';
import { t } from '../text.ts';
import { Field, TextField } from './fields.tsx';
import { MoveField } from './move-field.tsx';
import { WayField } from './way-field.tsx';

/** Where in which cluster, and how its nodes get the archive. What is typed counts when the field is left. */
export function ClusterForm(props: {
  choices: ClusterChoices;
  isDisabled: boolean;
  /** What was chosen last is being looked at. */
  isBusy: boolean;
  /** What was typed to have the original deleted. */
  confirmed: string;
  onConfirm: (text: string) => void;
  onChange: (wishes: ClusterWishes) => void;
}) {
  const { choices, isDisabled, isBusy, confirmed, onConfirm, onChange } = props;
  const [wishes, setWishes] = useState(choices.wishes);
  useEffect(() => setWishes(choices.wishes), [choices.wishes]);
  const change = (part: Partial<ClusterWishes>) => {
    const next = { ...wishes, ...part };
    setWishes(next);
    onChange(next);
  };
  const { contexts, namespaces, operator, original } = choices;
  const byImage = wishes.way === 'image';
  return (
    <section aria-labelledby="cluster-title" aria-busy={isBusy}>
      <h2 id="cluster-title">{t('Where')}</h2>
      <fieldset class="cluster-form" disabled={isDisabled}>
        <Field id="context" label={t('Cluster')}>
          <select
            id="context"
            value={wishes.context}
            // Nodes and namespaces of another cluster are others, and so is what it has.
            onChange={({ currentTarget }) =>
              change({ context: currentTarget.value, node: '', way: 'image', move: false })
            }
          >
            {contexts.map(({ name, server }) => (
              <option key={name} value={name}>
                {escapeText(server === undefined ? name : `${name} · ${server}`)}
              </option>
            ))}
          </select>
        </Field>
        {operator && <WayField operator={operator} wishes={wishes} onChange={change} />}
        {byImage && <NodeField nodes={choices.nodes} wishes={wishes} onChange={change} />}
        <Field id="namespace" label={t('Namespace')}>
          <TextField
            id="namespace"
            list="namespaces"
            value={wishes.namespace}
            onCommit={(namespace) => change({ namespace })}
          />
          <datalist id="namespaces">
            {namespaces.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          {byImage && (
            <label class="check">
              <input
                type="checkbox"
                checked={wishes.createNamespace}
                onChange={({ currentTarget }) => change({ createNamespace: currentTarget.checked })}
              />
              {t('Make it if it is not there, and remove it with the sandbox')}
            </label>
          )}
        </Field>
        {byImage && <ImageFields wishes={wishes} onChange={change} />}
        <Field id="lifetime" label={t('Ends after')}>
          <TextField
            id="lifetime"
            class="short"
            value={String(wishes.lifetime)}
            onCommit={(text) => change({ lifetime: /^\d{1,9}$/.test(text) ? Number(text) : 0 })}
          />
          <span>{t('minutes')}</span>
        </Field>
        {original && (
          <MoveField
            original={original}
            isWanted={wishes.move}
            confirmed={confirmed}
            onConfirm={onConfirm}
            onWant={(move) => change({ move })}
          />
        )}
      </fieldset>
    </section>
  );
}

interface PartProps {
  readonly wishes: ClusterWishes;
  readonly onChange: (part: Partial<ClusterWishes>) => void;
}

function NodeField({ nodes, wishes, onChange }: PartProps & { nodes: readonly NodeChoice[] }) {
  return (
    <Field id="node" label={t('Node')}>
      <select id="node" value={wishes.node} onChange={({ currentTarget }) => onChange({ node: currentTarget.value })}>
        <option value="">{firstText(nodes)}</option>
        {nodes.map((node) => (
          <option key={node.name} value={node.name}>
            {escapeText(nodeText(node))}
          </option>
        ))}
      </select>
    </Field>
  );
}

function ImageFields({ wishes, onChange }: PartProps) {
  return (
    <>
      <Field
        id="image"
        label={t('Image')}
        hint={t('The archive goes there as a container image. It stays there when the sandbox is removed.')}
      >
        <TextField
          id="image"
          class="wide"
          placeholder="registry.example:5000/checkpoints/web:1"
          value={wishes.image}
          onCommit={(image) => onChange({ image })}
        />
      </Field>
      <Field id="secret" label={t('Pull secret')} hint={t('By which nodes log in to the registry, if they need to.')}>
        <TextField id="secret" value={wishes.pullSecret} onCommit={(pullSecret) => onChange({ pullSecret })} />
      </Field>
    </>
  );
}

function firstText(nodes: readonly NodeChoice[]): string {
  const first = nodes.find(({ fits }) => fits);
  if (first) return t('The first that fits: {0}', escapeText(first.name));
  const ready = nodes.find(({ isReady }) => isReady);
  return ready ? t('The first that takes pods: {0}', escapeText(ready.name)) : t('As the cluster chooses');
}

function nodeText({ name, runtime, architecture, isReady, fits }: NodeChoice): string {
  const facts = [runtime, architecture].filter((fact) => fact !== '').join(', ');
  if (!isReady) return t('{0} ({1}): takes no pods now', name, facts);
  return fits ? t('{0} ({1}): fits', name, facts) : t('{0} ({1})', name, facts);
}
