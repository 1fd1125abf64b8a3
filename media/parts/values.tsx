import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { escapeText, formatAge, formatExactBytes, formatSize, formatTime } from '../../src/protocol/format.ts';
import type { Place } from '../../src/protocol/place.ts';
import type { ImagePlace } from '../../src/protocol/raw.ts';
import { useSession } from '../session.ts';
import { locale, t } from '../text.ts';
import { Icon, IconButton } from './icon.tsx';
import { placeInRaw } from './show-in-image.tsx';

/** `data-vscode-context` of what can be selected and copied as text: VS Code's own menu. */
export const TEXT_MENU = JSON.stringify({ preventDefaultContextMenuItems: false });

/** Longer texts are cut until asked for: a command line may be megabytes long. */
const LONG = 2_000;

/** Text from the checkpoint in the editor's font. */
export function Code({ children }: { children: string }) {
  const [whole, setWhole] = useState(false);
  const cut = !whole && children.length > LONG;
  return (
    <>
      <span class="code">{escapeText(cut ? children.slice(0, LONG) : children)}</span>
      {cut && (
        <button type="button" class="link more" onClick={() => setWhole(true)}>
          {t('… show all {0}', formatSize(children.length))}
        </button>
      )}
    </>
  );
}

/** Local time; UTC and the exact digits in the tooltip. The age is shown beside it. */
export function Time({ value, age = true }: { value: string; age?: boolean }) {
  const ago = formatAge(value, Date.now(), locale());
  return (
    <time dateTime={value} title={timeTitle(value)}>
      {escapeText(formatTime(value))}
      {age && ago !== '' && <span class="muted"> · {ago}</span>}
    </time>
  );
}

export function timeTitle(value: string): string {
  const ago = formatAge(value, Date.now(), locale());
  return [formatTime(value, { utc: true }), value, ago]
    .filter((part) => part !== '')
    .map(escapeText)
    .join('\n');
}

export function Size({ bytes }: { bytes: number | bigint }) {
  return <span title={formatExactBytes(bytes)}>{formatSize(bytes)}</span>;
}

/** A place elsewhere in the editor, as a link. */
export function Link({ to, children, title }: { to: Place; children: ComponentChildren; title?: string }) {
  const session = useSession();
  return (
    <button type="button" class="link" title={title} onClick={() => session.go(to)}>
      {children}
    </button>
  );
}

/** What an image tells of what is shown, in the Raw tab. */
export function PlaceLink({ place, children }: { place: ImagePlace; children?: ComponentChildren }) {
  return (
    <Link to={placeInRaw(place)} title={t('Show in image')}>
      {children ?? escapeText(place.image.slice(place.image.lastIndexOf('/') + 1))}
    </Link>
  );
}

/** Copies a text and says so for a moment. */
export function CopyButton({ text, label = t('Copy') }: { text: string; label?: string }) {
  const session = useSession();
  const [copied, setCopied] = useState(false);
  const copy = () => {
    session.run(
      session.host.copyText(text).then(() => {
        setCopied(true);
        session.announce(t('Copied'));
        setTimeout(() => setCopied(false), 1_500);
      }),
    );
  };
  return (
    <IconButton icon={copied ? 'check' : 'copy'} label={copied ? t('Copied') : label} onClick={copy} class="copy" />
  );
}

/** A text with a button that copies it as it is, unescaped. */
export function Copyable({ text, children }: { text: string; children?: ComponentChildren }) {
  return (
    <span class="copyable">
      {children ?? <Code>{text}</Code>}
      <CopyButton text={text} />
    </span>
  );
}

/** Text that is JSON can be unfolded in a readable form. */
export function MaybeJson({ text }: { text: string }) {
  const pretty = prettyJson(text);
  if (pretty === undefined) return <Code>{text}</Code>;
  return (
    <details class="json">
      <summary>
        <Icon name="chevron-right" class="twistie" />
        <span class="code">{escapeText(text.slice(0, 200))}</span>
      </summary>
      <pre class="code">{pretty}</pre>
    </details>
  );
}

const MAX_JSON = 256 * 1024;

function prettyJson(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text) || text.length > MAX_JSON) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value, undefined, 2).split('\n').map(escapeText).join('\n');
  } catch {
    return undefined;
  }
}
