import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type YAMLError,
} from 'yaml';
import { repr } from '../resultsdb/python.ts';
import type { Policy, Rule, TestRule } from './policy.ts';

/** A file that the server cannot use; the message is the one that it gives. */
export class GatingYamlError extends Error {}

/** What the parser calls its input: text that came with a request, or bytes from dist-git. */
export type InputName = '<unicode string>' | '<byte string>';

interface Source {
  readonly text: string;
  readonly name: InputName;
  readonly document: Document;
}

/** All policies of a gating.yaml. The tag of a document is not looked at, unknown keys are ignored. */
export function parseGatingYaml(text: string, name: InputName): readonly Policy[] {
  return parsePolicies(text, name, readRemotePolicy);
}

/** The server's own policies, which may send it to a gating.yaml. */
export function parseServerPolicies(text: string): readonly Policy[] {
  return parsePolicies(text, '<unicode string>', readServerPolicy);
}

function parsePolicies(
  text: string,
  name: InputName,
  readPolicy: (source: Source) => Policy,
): readonly Policy[] {
  // PyYAML reads YAML 1.1: `yes` is no text there, and so is `2026-01-01`.
  const documents = parseAllDocuments(text, { version: '1.1', uniqueKeys: false, logLevel: 'silent' });
  if (!Array.isArray(documents)) return [];
  const policies: Policy[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined)
      throw new GatingYamlError(`YAML Parser Error: ${parserMessage(error, text, name)}`);
    const isNothing = document.contents === null && !/^---/m.test(text);
    if (isNothing) continue;
    policies.push(readPolicy({ text, name, document }));
  }
  return policies;
}

type Reader<Value> = (node: Node, source: Source) => Value;

function readRemotePolicy(source: Source): Policy {
  const { label, policy } = readPolicy(source);
  if (policy.rules.some((rule) => rule.kind === 'RemoteRule')) {
    throw new GatingYamlError(`${label}: RemoteRule is not allowed in remote policies`);
  }
  checkContexts(label, policy);
  return policy;
}

function readServerPolicy(source: Source): Policy {
  const { label, policy, field } = readPolicy(source);
  for (const name of ['id', 'product_versions']) {
    if (!field(name)) throw new GatingYamlError(`${label}: Attribute '${name}' is required`);
  }
  checkContexts(label, policy);
  return policy;
}

function checkContexts(label: string, { decisionContext, decisionContexts }: Policy): void {
  if (!decisionContext && decisionContexts.length === 0) {
    throw new GatingYamlError(`${label}: No decision contexts provided`);
  }
  if (decisionContext && decisionContexts.length > 0) {
    throw new GatingYamlError(
      `${label}: Both properties "decision_contexts" and "decision_context" were set`,
    );
  }
}

interface ReadPolicy {
  readonly label: string;
  readonly policy: Policy;
  /** Whether an attribute was given. */
  field(name: string): boolean;
}

function readPolicy(source: Source): ReadPolicy {
  const root = source.document.contents;
  if (!isMap(root)) throw new GatingYamlError('Expected mapping for !Policy tagged object');
  const fields = fieldsOf(root, source);
  let label = "Policy 'untitled'";
  const field = <Value>(name: string, read: Reader<Value>): Value | undefined =>
    attribute(fields, name, read, source, () => label);

  const id = field('id', readText) ?? null;
  if (id) label = `Policy ${repr(id)}`;
  const productVersions = field('product_versions', readTexts) ?? ['*'];
  const subjectType = field('subject_type', readText) ?? 'koji_build';
  const decisionContext = field('decision_context', readText) ?? null;
  const decisionContexts = field('decision_contexts', readTexts) ?? [];
  const rules = field('rules', readRules);
  if (rules === undefined) throw new GatingYamlError(`${label}: Attribute 'rules' is required`);
  const excludedPackages = field('excluded_packages', readTexts) ?? [];
  const packages = field('packages', readTexts) ?? [];
  const subjectTypes = field('subject_types', readTexts) ?? [];
  const relevance = {
    key: field('relevance_key', readText) ?? null,
    value: field('relevance_value', readText) ?? null,
  };
  const policy: Policy = {
    id,
    productVersions,
    decisionContext: decisionContext || null,
    decisionContexts,
    subjectType,
    rules,
    excludedPackages,
    packages,
    subjectTypes,
    relevance,
    source: null,
  };
  return { label, policy, field: (name) => fields.has(name) };
}

function attribute<Value>(
  fields: ReadonlyMap<string, Node>,
  name: string,
  read: Reader<Value>,
  source: Source,
  label: () => string,
): Value | undefined {
  const node = fields.get(name);
  if (node === undefined) return undefined;
  try {
    return read(node, source);
  } catch (error) {
    if (!(error instanceof GatingYamlError)) throw error;
    throw new GatingYamlError(`${label()}: Attribute '${name}': ${error.message}`, { cause: error });
  }
}

/** The last of equal keys counts. */
function fieldsOf(node: Node, { document }: Source): ReadonlyMap<string, Node> {
  const fields = new Map<string, Node>();
  if (!isMap(node)) return fields;
  for (const { key, value } of node.items) {
    const resolved = isAlias(value) ? value.resolve(document) : value;
    if (isScalar(key) && resolved !== null && resolved !== undefined)
      fields.set(String(key.value), resolved as Node);
  }
  return fields;
}

const readText: Reader<string> = (node, source) => {
  if (!isScalar(node)) throw wrongKind(node, 'a scalar node', source);
  return node.source ?? String(node.value ?? '');
};

const readItems: Reader<readonly Node[]> = (node, source) => {
  if (!isSeq(node)) throw wrongKind(node, 'a sequence node', source);
  return node.items.map((item) => (isAlias(item) ? item.resolve(source.document) : item) as Node);
};

const readTexts: Reader<readonly string[]> = (node, source) =>
  readItems(node, source).map((item) => {
    if (isScalar(item)) knownTag(item, source);
    if (!isScalar(item) || typeof item.value !== 'string') {
      throw new GatingYamlError('Expected list of str objects');
    }
    return item.value;
  });

const readRules: Reader<readonly Rule[]> = (node, source) =>
  readItems(node, source).map((item) => {
    const rule = readRule(item, source);
    if (rule === undefined) throw new GatingYamlError('Expected list of Rule objects');
    return rule;
  });

function readRule(node: Node, source: Source): Rule | undefined {
  const { tag = '' } = node as { tag?: string };
  if (tag === '!PackageSpecificBuild' || tag === '!FedoraAtomicCi') {
    throw new GatingYamlError(obsolete(tag));
  }
  if (tag === '!RemoteRule') return readRemoteRule(node, source);
  if (tag !== '!PassingTestCaseRule') {
    knownTag(node, source);
    return undefined;
  }
  const fields = fieldsOf(node, source);
  const label = 'YAML object !PassingTestCaseRule';
  const field = <Value>(name: string, read: Reader<Value>) =>
    attribute(fields, name, read, source, () => label);
  const testCase = field('test_case_name', readText);
  if (testCase === undefined) throw new GatingYamlError(`${label}: Attribute 'test_case_name' is required`);
  const scenario = field('scenario', readText) ?? null;
  const readMoment: Reader<number> = (moment, from) => momentOf(readText(moment, from));
  const rule: TestRule = {
    kind: 'PassingTestCaseRule',
    testCase,
    scenario,
    validSince: field('valid_since', readMoment) ?? null,
    validUntil: field('valid_until', readMoment) ?? null,
  };
  return rule;
}

export function obsolete(tag: string): string {
  return `${tag} is obsolete. Please use the "packages" allowlist instead.`;
}

function readRemoteRule(node: Node, source: Source): Rule {
  const fields = fieldsOf(node, source);
  const field = <Value>(name: string, read: Reader<Value>) =>
    attribute(fields, name, read, source, () => 'YAML object !RemoteRule');
  return {
    kind: 'RemoteRule',
    required: field('required', readFlag) ?? false,
    sources: field('sources', readTexts) ?? [],
  };
}

const readFlag: Reader<boolean> = (node) => {
  const value = isScalar(node) ? node.value : undefined;
  if (typeof value === 'boolean') return value;
  throw new GatingYamlError(`Expected a boolean value, got: ${String(isScalar(node) ? node.source : node)}`);
};

/** A date without a zone is UTC. Epoch ms. */
export function momentOf(value: string): number {
  const trimmed = value.trim();
  const hasZone = /(Z|[+-]\d{2}:?\d{2}| [A-Z]{3,4})$/.test(trimmed) && /:/.test(trimmed);
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(trimmed);
  const moment = Date.parse(isDate || hasZone ? trimmed : `${trimmed.replace(' ', 'T')}Z`);
  const other = Number.isNaN(moment) && /\d/.test(trimmed) ? Date.parse(`${trimmed} UTC`) : moment;
  if (Number.isNaN(other)) throw new GatingYamlError(`Could not parse string as date/time, got: ${value}`);
  return other;
}

function knownTag(node: Node, source: Source): void {
  const { tag = '' } = node as { tag?: string };
  if (!tag.startsWith('!')) return;
  throw new GatingYamlError(
    `could not determine a constructor for the tag '${tag}'\n${mark(startOf(node, source), source.text, source.name)}`,
  );
}

function wrongKind(node: Node, expected: string, source: Source): GatingYamlError {
  const kind = isMap(node) ? 'mapping' : isSeq(node) ? 'sequence' : 'scalar';
  return new GatingYamlError(
    `expected ${expected}, but found ${kind}\n${mark(startOf(node, source), source.text, source.name)}`,
  );
}

/** PyYAML counts a node from its tag, this library from what follows it. */
function startOf(node: Node, { text }: Source): number {
  const start = node.range?.[0] ?? 0;
  const { tag = '' } = node as { tag?: string };
  const before = tag.startsWith('!') ? text.lastIndexOf(tag, start) : -1;
  return before >= 0 && text.slice(before + tag.length, start).trim() === '' ? before : start;
}

/** A place as PyYAML shows it: line, column, and the line with a caret, cut where it is long. */
function mark(offset: number, text: string, name: InputName): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const newline = text.indexOf('\n', offset);
  const end = newline < 0 ? text.length : newline;
  const line = text.slice(0, start).split('\n').length;
  const half = 75 / 2 - 1;
  const isLong = { head: offset - start > half, tail: end - offset > half };
  const head = isLong.head
    ? ` ... ${text.slice(offset - Math.ceil(half) + 5, offset)}`
    : text.slice(start, offset);
  const tail = isLong.tail
    ? `${text.slice(offset, offset + Math.ceil(half) - 5)} ... `
    : text.slice(offset, end);
  const caret = ' '.repeat(4 + head.length);
  return `  in "${name}", line ${line}, column ${offset - start + 1}:\n    ${head}${tail}\n${caret}^`;
}

/** The parser's complaint in the words of PyYAML, as far as the two parsers see the same fault. */
function parserMessage(error: YAMLError, text: string, name: InputName): string {
  const [at] = error.pos;
  const tab = tabIndent(text);
  if (tab !== undefined) {
    return `while scanning for the next token\nfound character '\\t' that cannot start any token\n${mark(tab, text, name)}`;
  }
  const alias = /\*(?=[\s,\]}]|$)/.exec(text);
  if (error.code === 'BAD_ALIAS' && alias !== null) {
    const next = text[alias.index + 1] ?? '\0';
    return `while scanning an alias\n${mark(alias.index, text, name)}\nexpected alphabetic or numeric character, but found ${repr(next)}\n${mark(alias.index + 1, text, name)}`;
  }
  const open = openFlow(text);
  if (open !== undefined) {
    const end = `${mark(text.length, text, name)}`;
    const wantsNode = /[[{,:]\s*$/.test(text);
    const [kind, close] = text[open] === '[' ? ['sequence', ']'] : ['mapping', '}'];
    return wantsNode
      ? `while parsing a flow node\nexpected the node content, but found '<stream end>'\n${end}`
      : `while parsing a flow ${kind}\n${mark(open, text, name)}\nexpected ',' or '${close}', but got '<stream end>'\n${end}`;
  }
  if (/nested mappings|implicit map|compact mappings/i.test(error.message)) {
    const colon = text.indexOf(': ', at);
    return `mapping values are not allowed here\n${mark(colon < 0 ? at : colon, text, name)}`;
  }
  const [first = ''] = error.message.split('\n');
  return `${first.replace(/ at line \d+, column \d+:?$/, '').toLowerCase()}\n${mark(at, text, name)}`;
}

function tabIndent(text: string): number | undefined {
  const match = /^[ ]*(\t)\s*\S/m.exec(text);
  return match === null ? undefined : match.index + match[0].indexOf('\t');
}

/** Where the innermost flow collection begins that is still open at the end. */
function openFlow(text: string): number | undefined {
  const open: number[] = [];
  let quote = '';
  for (const [i, char] of [...text].entries()) {
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || (char === "'" && /[\s[{,:]/.test(text[i - 1] ?? ' '))) quote = char;
    else if (char === '[' || char === '{') open.push(i);
    else if (char === ']' || char === '}') open.pop();
  }
  return open.at(-1);
}
