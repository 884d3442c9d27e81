/** What the sandbox's builders need to know of a spec file. */
export interface Spec {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch: number | null;
  /** One build for all arches. */
  readonly noarch: boolean;
  readonly exclusiveArch: readonly string[];
  readonly excludeArch: readonly string[];
  /** Last part of the address of each source and patch. */
  readonly sources: readonly string[];
  /** Names of the binary packages, the main one first. */
  readonly packages: readonly string[];
  /** The first command that fails, in the order in which rpmbuild runs the sections. */
  readonly failing: FailingCommand | undefined;
}

export interface FailingCommand {
  /** `%build`. */
  readonly section: string;
  readonly command: string;
  readonly status: number;
}

/** A spec that rpmbuild cannot read; the message is its own. */
export class SpecError extends Error {
  override readonly name = 'SpecError';
}

/** Sections of shell, in the order in which rpmbuild runs them. */
const SCRIPTS = ['%prep', '%generate_buildrequires', '%conf', '%build', '%install', '%check'] as const;

const SECTION =
  /^%(package|description|prep|generate_buildrequires|conf|build|install|check|clean|files|changelog|pre|post|preun|postun|pretrans|posttrans|preuntrans|postuntrans|trigger\w*|filetrigger\w*|transfiletrigger\w*|verifyscript|sepolicy|sourcelist|patchlist)\b/;

const TAGS =
  /^(name|version|release|epoch|summary|license|sourcelicense|url|bugurl|vcs|group|vendor|packager|distribution|disturl|disttag|icon|source\d*|patch\d*|nosource|nopatch|build(requires|conflicts|prereq|arch|architectures|root|system|option)|requires|provides|obsoletes|conflicts|recommends|suggests|supplements|enhances|prereq|orderwithrequires|exclu(sive|de)(arch|os)|prefix(es)?|auto(req|prov|reqprov)|modularitylabel|removepathpostfixes|translationurl|upstreamreleases)$/i;

/** Reads name, version and release with macros resolved, and finds what will break the build. */
export function readSpec(text: string, predefined: Readonly<Record<string, string>>): Spec {
  const macros = new Map(Object.entries(predefined));
  const tags = new Map<string, string>();
  const sources: string[] = [];
  const subpackages: string[] = [];
  const scripts = new Map<string, string[]>();
  const conditions: boolean[] = [];
  let section = '';

  for (const [number, line] of joinContinued(text)) {
    const trimmed = line.trim();
    if (/^%(if\w*|el(if|se)\w*|endif)\b/.test(trimmed)) {
      readCondition(trimmed, conditions, macros);
      continue;
    }
    if (conditions.includes(false) || trimmed === '') continue;
    const definition = /^%(?:global|define)\s+(\w+)(?:\(\w*\))?\s+([\s\S]*)$/.exec(trimmed);
    if (definition !== null) {
      const [, name = '', body = ''] = definition;
      macros.set(name, trimmed.startsWith('%global') ? expand(body.trim(), macros) : body.trim());
      continue;
    }
    const begun = SECTION.exec(trimmed);
    if (begun !== null) {
      section = begun[0];
      if (section === '%package') subpackages.push(subpackage(trimmed, tags, macros));
      continue;
    }
    if (section === '' || section === '%package') {
      const tag = preambleTag(trimmed, number);
      if (tag === undefined || section !== '') continue;
      const value = expand(tag.value, macros);
      tags.set(tag.name, value);
      if (/^(source|patch)\d*$/.test(tag.name)) sources.push(value);
      else if (/^(name|version|release)$/.test(tag.name)) macros.set(tag.name, value);
    } else if (SCRIPTS.some((name) => name === section)) {
      scripts.set(section, [...(scripts.get(section) ?? []), trimmed]);
    }
  }
  return finish({ tags, macros, sources, subpackages, scripts });
}

interface Parts {
  readonly tags: ReadonlyMap<string, string>;
  readonly macros: ReadonlyMap<string, string>;
  readonly sources: readonly string[];
  readonly subpackages: readonly string[];
  readonly scripts: ReadonlyMap<string, readonly string[]>;
}

function finish({ tags, macros, sources, subpackages, scripts }: Parts): Spec {
  const need = (tag: string): string => {
    const value = tags.get(tag.toLowerCase());
    if (value === undefined || value === '') {
      throw new SpecError(`${tag} field must be present in package: (main package)`);
    }
    const illegal = /[^\w.+~^%{}:-]|[%{}]|-/.exec(tag === 'Name' ? value.replaceAll('-', '') : value)?.[0];
    if (illegal !== undefined) {
      throw new SpecError(
        `Illegal char '${illegal}' (0x${illegal.charCodeAt(0).toString(16)}) in: ${tag}: ${value}`,
      );
    }
    return value;
  };
  const name = need('Name');
  const words = (tag: string) => (tags.get(tag) ?? '').split(/[\s,]+/).filter((word) => word !== '');
  return {
    name,
    version: need('Version'),
    release: need('Release'),
    epoch: tags.has('epoch') ? Number(tags.get('epoch')) : null,
    noarch: words('buildarch').includes('noarch'),
    exclusiveArch: words('exclusivearch'),
    excludeArch: words('excludearch'),
    sources: sources.map((source) => expand(source, macros).split('/').at(-1) ?? source),
    packages: [name, ...subpackages],
    failing: SCRIPTS.map((one) => failingCommand(one, scripts.get(one) ?? [], macros)).find(
      (found) => found !== undefined,
    ),
  };
}

function joinContinued(text: string): readonly (readonly [number, string])[] {
  const joined: [number, string][] = [];
  let open: [number, string] | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const isDefinition = open !== undefined || /^\s*%(global|define)\b/.test(raw);
    const current: [number, string] = open === undefined ? [index + 1, raw] : [open[0], `${open[1]}\n${raw}`];
    if (isDefinition && raw.endsWith('\\')) {
      open = [current[0], current[1].slice(0, -1)];
      continue;
    }
    joined.push(current);
    open = undefined;
  }
  if (open !== undefined) joined.push(open);
  return joined;
}

function preambleTag(
  line: string,
  number: number,
): { readonly name: string; readonly value: string } | undefined {
  if (line.startsWith('#') || line.startsWith('%')) return undefined;
  const match = /^([A-Za-z]\w*)(?:\([^)]*\))?\s*:\s*([\s\S]*)$/.exec(line);
  const name = match?.[1]?.toLowerCase();
  if (name === undefined || !TAGS.test(name)) throw new SpecError(`line ${number}: Unknown tag: ${line}`);
  const value = match?.[2]?.trim() ?? '';
  if (value === '') throw new SpecError(`line ${number}: Empty tag: ${line}`);
  return { name, value };
}

function subpackage(
  line: string,
  tags: ReadonlyMap<string, string>,
  macros: ReadonlyMap<string, string>,
): string {
  const [, ...words] = expand(line, macros).split(/\s+/);
  const name = words.at(-1) ?? '';
  return words[0] === '-n' ? name : `${tags.get('name') ?? ''}-${name}`;
}

function readCondition(line: string, conditions: boolean[], macros: ReadonlyMap<string, string>): void {
  if (line.startsWith('%endif')) {
    conditions.pop();
  } else if (line.startsWith('%el')) {
    const before = conditions.pop() ?? true;
    conditions.push(!before && (line.startsWith('%else') || isTrue(line, macros)));
  } else conditions.push(isTrue(line, macros));
}

/** Conditions on arches are taken as true: which arch it is matters to the test packages' tests, not to their names. */
function isTrue(line: string, macros: ReadonlyMap<string, string>): boolean {
  const [, word = '', condition = ''] = /^%(\w+)\s*([\s\S]*)$/.exec(line) ?? [];
  if (/arch|os/.test(word)) return !word.startsWith('ifn');
  const expanded = expand(condition, macros).trim();
  const compared = /^(\d+)\s*(==|!=|>=|<=|>|<)\s*(\d+)$/.exec(expanded);
  if (compared !== null) {
    const [left, right] = [Number(compared[1]), Number(compared[3])];
    const order = Math.sign(left - right);
    return { '==': [0], '!=': [-1, 1], '>=': [0, 1], '<=': [0, -1], '>': [1], '<': [-1] }[
      compared[2] as '=='
    ].includes(order);
  }
  if (expanded.startsWith('!')) return /^0*$/.test(expanded.slice(1).trim());
  return !/^0*$/.test(expanded);
}

/** Resolves `%{x}`, `%x`, `%{?x}`, `%{?x:y}`, `%{!?x:y}`; what is unknown stays, as rpm leaves it. */
function expand(text: string, macros: ReadonlyMap<string, string>, depth = 0): string {
  if (depth > 20) throw new SpecError('Too many levels of recursion in macro expansion.');
  return text.replace(
    /%%|%\{(!?)(\??)(\w+)(?::([^{}]*(?:\{[^{}]*\}[^{}]*)*))?\}|%(\w+)/g,
    (whole, not: string, maybe: string, braced: string, body: string, plain: string) => {
      if (whole === '%%') return '%';
      const value = macros.get(braced ?? plain);
      const again = (found: string) => expand(found, macros, depth + 1);
      if (maybe === '?') {
        const holds = (value !== undefined) !== (not === '!');
        if (!holds) return '';
        return body === undefined ? (not === '!' ? '' : again(value ?? '')) : again(body);
      }
      if ((braced ?? plain) === 'autorelease') return again('1%{?dist}');
      return value === undefined ? whole : again(value);
    },
  );
}

function failingCommand(
  section: string,
  lines: readonly string[],
  macros: ReadonlyMap<string, string>,
): FailingCommand | undefined {
  for (const line of lines) {
    const command = expand(line, macros);
    if (command === 'false' || command === '/bin/false') return { section, command, status: 1 };
    const status = /^exit\s+(\d+)$/.exec(command)?.[1];
    if (status === undefined) continue;
    // Nothing behind an exit runs, also when it is a good one.
    return Number(status) > 0 ? { section, command, status: Number(status) } : undefined;
  }
  return undefined;
}
