import { escapeText } from '../../src/protocol/format.ts';

/** Names of flags, each in a box of its own. */
export function Names({ names }: { names: readonly string[] }) {
  return (
    <span class="words code">
      {names.map((name) => (
        <span class="word" key={name}>
          {escapeText(name)}
        </span>
      ))}
    </span>
  );
}
