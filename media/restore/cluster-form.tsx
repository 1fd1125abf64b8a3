import { useEffect, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { escapeText } from '../../src/protocol/format.ts';
import type { ClusterChoices, ClusterWishes, NodeChoice } from '../../src/protocol/restore-api.ts';
import { t } from '../text.ts';

/** Where in which cluster, and how its nodes get the archive. What is typed counts when the field is left. */
export function ClusterForm(props: {
  choices: ClusterChoices;
  isDisabled: boolean;
  /** What was chosen last is being looked at. */
  isBusy: boolean;
  onChange: (wishes: ClusterWishes) => void;
}) {
  const { choices, isDisabled, isBusy, onChange } = props;
  const [wishes, setWishes] = useState(choices.wishes);
  useEffect(() => setWishes(choices.wishes), [choices.wishes]);
  const change = (part: Partial<ClusterWishes>) => {
    const next = { ...wishes, ...part };
    setWishes(next);
    onChange(next);
  };
  const { contexts, nodes, namespaces } = choices;
  return (
    <section aria-labelledby="cluster-title" aria-busy={isBusy}>
      <h2 id="cluster-title">{t('Where')}</h2>
      <fieldset class="cluster-form" disabled={isDisabled}>
        <Field id="context" label={t('Cluster')}>
          <select
            id="context"
            value={wishes.context}
            // Nodes and namespaces of another cluster are others.
            onChange={({ currentTarget }) => change({ context: currentTarget.value, node: '' })}
          >
            {contexts.map(({ name, server }) => (
              <option key={name} value={name}>
                {escapeText(server === undefined ? name : `${name} · ${server}`)}
              </option>
            ))}
          </select>
        </Field>
        <Field id="node" label={t('Node')}>
          <select id="node" value={wishes.node} onChange={({ currentTarget }) => change({ node: currentTarget.value })}>
            <option value="">{firstText(nodes)}</option>
            {nodes.map((node) => (
              <option key={node.name} value={node.name}>
                {escapeText(nodeText(node))}
              </option>
            ))}
          </select>
        </Field>
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
          <label class="check">
            <input
              type="checkbox"
              checked={wishes.createNamespace}
              onChange={({ currentTarget }) => change({ createNamespace: currentTarget.checked })}
            />
            {t('Make it if it is not there, and remove it with the sandbox')}
          </label>
        </Field>
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
            onCommit={(image) => change({ image })}
          />
        </Field>
        <Field id="secret" label={t('Pull secret')} hint={t('By which nodes log in to the registry, if they need to.')}>
          <TextField id="secret" value={wishes.pullSecret} onCommit={(pullSecret) => change({ pullSecret })} />
        </Field>
        <Field id="lifetime" label={t('Ends after')}>
          <TextField
            id="lifetime"
            class="short"
            value={String(wishes.lifetime)}
            onCommit={(text) => change({ lifetime: /^\d{1,9}$/.test(text) ? Number(text) : 0 })}
          />
          <span>{t('minutes')}</span>
        </Field>
      </fieldset>
    </section>
  );
}

function Field(props: { id: string; label: string; hint?: string; children: ComponentChildren }) {
  const { id, label, hint, children } = props;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-value">
        {children}
        {hint !== undefined && (
          <p id={`${id}-hint`} class="muted hint">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

/** A text that is done when one presses Enter, or goes on. */
function TextField(props: {
  id: string;
  value: string;
  class?: string;
  list?: string;
  placeholder?: string;
  onCommit: (text: string) => void;
}) {
  const { id, value, class: look = '', list, placeholder, onCommit } = props;
  return (
    <input
      id={id}
      type="text"
      class={`text ${look}`}
      value={value}
      list={list}
      placeholder={placeholder}
      spellcheck={false}
      autocomplete="off"
      aria-describedby={`${id}-hint`}
      onChange={({ currentTarget }) => onCommit(currentTarget.value.trim())}
    />
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
