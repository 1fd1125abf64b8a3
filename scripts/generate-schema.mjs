/**
 * Makes what the decoder needs out of src/core/criu/schema/*.proto, into the git-ignored folder `generated` beside them:
 * `descriptor.json` (protobufjs' form, every message with its fields and crit's options), `descriptor-texts.ts` (the
 * same by the name of the message, each as a text of its own) and `messages.ts` (their TypeScript types). Does nothing
 * where all are newer than every source and this script.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(import.meta.url);
const schemaFolder = join(dirname(script), '..', 'src', 'core', 'criu', 'schema');
const generatedFolder = join(schemaFolder, 'generated');
const descriptorFile = join(generatedFolder, 'descriptor.json');
const textsFile = join(generatedFolder, 'descriptor-texts.ts');
const typesFile = join(generatedFolder, 'messages.ts');

/** The TypeScript type of each scalar type that CRIU uses; a schema with another one is refused. */
const scalarTypes = new Map([
  ['bool', 'boolean'],
  ['bytes', 'Uint8Array'],
  ['fixed64', 'bigint'],
  ['int32', 'number'],
  ['int64', 'bigint'],
  ['sint32', 'number'],
  ['sint64', 'bigint'],
  ['string', 'string'],
  ['uint32', 'number'],
  ['uint64', 'bigint'],
]);

const sources = readdirSync(schemaFolder)
  .filter((name) => name.endsWith('.proto'))
  .sort()
  .map((name) => join(schemaFolder, name));

if (!isUpToDate()) await generate();

function isUpToDate() {
  const newestSource = Math.max(...[script, ...sources].map((path) => statSync(path).mtimeMs));
  return [descriptorFile, textsFile, typesFile].every((path) => {
    const made = statSync(path, { throwIfNoEntry: false });
    return made !== undefined && made.mtimeMs >= newestSource;
  });
}

async function generate() {
  const { default: protobuf } = await import('protobufjs');
  const root = new protobuf.Root();
  for (const source of sources) protobuf.parse(readFileSync(source, 'utf8'), root, { keepCase: true });
  const descriptor = root.toJSON();
  mkdirSync(generatedFolder, { recursive: true });
  write(descriptorFile, `${JSON.stringify(descriptor)}\n`);
  write(textsFile, textsOf(descriptor));
  write(typesFile, typesOf(descriptor));
}

/** Whole or not at all, so that builds running side by side never read half a file. */
function write(path, text) {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, path);
}

/** Few of the messages are needed to open a checkpoint: as texts, the others cost next to nothing. */
function textsOf(descriptor) {
  const nodes = Object.entries(descriptor.nested);
  return [
    '// Made by scripts/generate-schema.mjs out of ../*.proto.',
    '',
    '/** What descriptor.json says of each message at its top, as JSON. */',
    ...textTable(
      'messageTexts',
      nodes.filter(([, node]) => node.fields),
    ),
    '/** The same of each enumeration. */',
    ...textTable(
      'enumTexts',
      nodes.filter(([, node]) => node.values),
    ),
  ].join('\n');
}

function textTable(name, nodes) {
  return [
    `export const ${name}: Readonly<Record<string, string>> = {`,
    ...nodes.map(([key, node]) => `  ${JSON.stringify(key)}: ${JSON.stringify(JSON.stringify(node))},`),
    '};',
    '',
  ];
}

function typesOf(descriptor) {
  const messages = [];
  const enums = [];
  collect(descriptor.nested, []);
  return [
    '// Made by scripts/generate-schema.mjs out of ../*.proto.',
    '',
    ...messages.flatMap(({ path, fields }) => [
      `export interface ${pascalCase(path)} {`,
      ...Object.entries(fields).map(([name, field]) => `  ${fieldLine(name, field, path)}`),
      '}',
      '',
    ]),
    '/** Every message by the name that the schema gives it. */',
    'export interface Messages {',
    ...messages.map(({ path }) => `  readonly ${JSON.stringify(path.join('.'))}: ${pascalCase(path)};`),
    '}',
    '',
    'export type MessageName = keyof Messages;',
    '',
    ...enums.flatMap(({ path, values }) => [
      `export const ${pascalCase(path)} = {`,
      ...Object.entries(values).map(([name, value]) => `  ${name}: ${value},`),
      '} as const;',
      '',
    ]),
  ].join('\n');

  function collect(nested, scope) {
    for (const [name, node] of Object.entries(nested ?? {})) {
      const path = [...scope, name];
      if (node.fields && name !== 'CRIU_Opts') messages.push({ path, fields: node.fields });
      if (node.values) enums.push({ path, values: node.values });
      if (node.nested) collect(node.nested, path);
    }
  }

  function fieldLine(name, field, path) {
    const type = typeOf(field.type, path, name);
    if (field.rule === 'repeated') return `readonly ${name}: readonly ${type}[];`;
    return `readonly ${name}${field.rule === 'required' ? '' : '?'}: ${type};`;
  }

  function typeOf(type, path, name) {
    const scalar = scalarTypes.get(type);
    if (scalar) return scalar;
    const inScope = (entry) =>
      [[...path, type], [type]].some((candidate) => candidate.join('.') === entry.path.join('.'));
    if (enums.some(inScope)) return 'number';
    const message = messages.find(inScope);
    if (!message) throw new Error(`${path.join('.')}.${name} has the type ${type}, which the decoder does not know.`);
    return pascalCase(message.path);
  }
}

function pascalCase(path) {
  return path
    .join('_')
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
