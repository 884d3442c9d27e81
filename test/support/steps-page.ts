import { z } from 'zod';
import { formatDuration } from '../../src/core/duration.ts';
import type { Action } from '../../src/core/step.ts';

/** The reference of all actions, made from their step files. */
export function stepsPage(actions: ReadonlyMap<string, Action>): string {
  const sorted = [...actions.values()].sort((a, b) => (a.uses < b.uses ? -1 : 1));
  return `# Steps

What \`uses:\` of a step can name. This page is made from the step files by \`npm run docs\`; how a probe is written is in [probes.md](probes.md).

An input that is left out is bound to the one earlier step whose output has that name; where there is none it takes its default. Every input also takes a
\`\${{ }}\` text of its type. *Repeatable* actions are tried up to three times when a system could not be reached.

| action | charged to | |
| --- | --- | --- |
${sorted.map(({ uses, definition }) => `| [\`${uses}\`](#${anchorOf(uses)}) | ${definition.system ?? (definition.systemOf === undefined ? 'what the probe says' : 'whose URL it is')} | ${definition.summary} |`).join('\n')}

${sorted.map(sectionOf).join('\n\n')}
`;
}

function anchorOf(uses: string): string {
  return uses.replaceAll('/', '');
}

function sectionOf({ uses, definition }: Action): string {
  const { summary, system, repeatable, timeoutMs, input, output } = definition;
  return [
    `## ${uses}`,
    summary,
    `Charged to ${system ?? (definition.systemOf === undefined ? '`system:` of the probe’s step' : '`system:` of the probe’s step, else the system whose URL it is')} · ${typeof repeatable === 'function' ? 'repeatable by its inputs' : repeatable ? 'repeatable' : 'not repeatable'} · limit ${formatDuration(timeoutMs)} unless \`timeout:\` says otherwise`,
    fieldsOf('input', input, 'input'),
    fieldsOf('output', output, 'output'),
  ].join('\n\n');
}

interface Field {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Field;
  readonly anyOf?: readonly Field[];
  readonly additionalProperties?: Field | boolean;
}

function fieldsOf(title: string, schema: z.ZodObject, io: 'input' | 'output'): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
  }) as unknown as {
    readonly properties?: Readonly<Record<string, Field>>;
    readonly required?: readonly string[];
  };
  const names = Object.keys(properties);
  if (names.length === 0) return `No ${title}s.`;
  const rows = names.map((name) => {
    const field = properties[name] ?? {};
    const must = io === 'input' && !required.includes(name) ? defaultOf(field) : '';
    return `| \`${name}\` | ${typeOf(field)}${must} | ${(field.description ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ')} |`;
  });
  return [`| ${title} | type | |`, '| --- | --- | --- |', ...rows].join('\n');
}

function defaultOf({ default: value }: Field): string {
  return value === undefined ? ', optional' : `, default \`${JSON.stringify(value)}\``;
}

function typeOf({ type, enum: values, const: only, items, anyOf, additionalProperties }: Field): string {
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (type === 'array') return `list of ${items === undefined ? 'anything' : typeOf(items)}`;
  if (type === 'object' && typeof additionalProperties === 'object')
    return `map of ${typeOf(additionalProperties)}`;
  return type === undefined ? 'anything' : [type].flat().join(' or ');
}
