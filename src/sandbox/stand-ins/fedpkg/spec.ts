/** Macros that the branch defines for the spec. */
export type Macros = ReadonlyMap<string, string>;

export interface Nvre {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch: string;
}

/** A spec that rpm would not parse; the message is rpm's own text. */
export class SpecError extends Error {}

/**
 * Reads name, version, release and epoch of a spec. A small reader, not rpm: `%global` and `%define`, conditional macros, `%if` over
 * numbers and texts; no shell, no Lua, no macros of the host.
 */
export function readSpec(text: string, given: Macros): Nvre {
  const macros = new Map(given);
  const tags = new Map<string, string>();
  /** For each open `%if`: whether its lines count, and whether one of its branches was taken. */
  const conditions: { counts: boolean; taken: boolean }[] = [];
  const counts = () => conditions.every((condition) => condition.counts);

  for (const [index, line] of text.split('\n').entries()) {
    const condition = /^\s*%(if|elif|else|endif|ifarch|ifnarch|ifos|ifnos)\b\s*(.*)$/.exec(line);
    if (condition !== null) {
      step(condition[1] ?? '', condition[2] ?? '', index);
      continue;
    }
    if (!counts() || line.trimStart().startsWith('#')) continue;
    const definition = /^\s*%(global|define)\s+(\w+)\s+(.*)$/.exec(line);
    if (definition?.[2] !== undefined) {
      const body = definition[3] ?? '';
      macros.set(definition[2], definition[1] === 'global' ? expand(body, macros, index) : body);
      continue;
    }
    // From the first section on there are no tags of the main package.
    if (/^\s*%(description|prep|build|install|check|files|changelog|package|pre|post)\b/.test(line)) break;
    const tag = /^(Name|Version|Release|Epoch)\s*:\s*(.+?)\s*$/i.exec(line);
    if (tag?.[1] === undefined) continue;
    const value = expand(tag[2] ?? '', macros, index);
    const key = tag[1].toLowerCase();
    tags.set(key, value);
    macros.set(key, value);
  }
  const [name, version, release] = [tags.get('name'), tags.get('version'), tags.get('release')];
  if (name === undefined || version === undefined || release === undefined) {
    const missing = name === undefined ? 'Name' : version === undefined ? 'Version' : 'Release';
    throw new SpecError(`error: ${missing} field must be present in package: (main package)`);
  }
  return { name, version, release, epoch: tags.get('epoch') ?? '0' };

  function step(word: string, expression: string, index: number): void {
    const last = conditions.at(-1);
    if (word === 'endif') conditions.pop();
    else if (word === 'else') {
      if (last !== undefined) last.counts = !last.taken;
    } else if (word === 'elif') {
      if (last === undefined) return;
      last.counts = !last.taken && truth(expression, index);
      last.taken ||= last.counts;
    } else {
      const holds = counts() && (word === 'if' ? truth(expression, index) : word.includes('n'));
      conditions.push({ counts: holds, taken: holds });
    }
  }

  function truth(expression: string, index: number): boolean {
    return evaluate(expand(expression, macros, index));
  }
}

function expand(text: string, macros: Macros, line: number): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    if (text[at] !== '%') {
      out += text[at++];
      continue;
    }
    if (text[at + 1] === '%') {
      out += '%';
      at += 2;
    } else if (text[at + 1] === '{') {
      const end = closing(text, at + 1, line);
      const body = text.slice(at + 2, end);
      out += expandBraces(body, text.slice(at, end + 1), macros, line);
      at = end + 1;
    } else {
      const name = /^%(\w+)/.exec(text.slice(at))?.[1];
      const value = name === undefined ? undefined : macros.get(name);
      out += value === undefined ? text.slice(at, at + 1 + (name?.length ?? 0)) : expand(value, macros, line);
      at += 1 + (name?.length ?? 0);
    }
  }
  return out;
}

/** Where the brace at `open` closes; braces inside count. */
function closing(text: string, open: number, line: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}' && --depth === 0) return at;
  }
  throw new SpecError(`error: line ${line + 1}: unclosed macro or bad line continuation`);
}

function expandBraces(body: string, whole: string, macros: Macros, line: number): string {
  const parts = /^([!?]*)(\w+)(?::([\s\S]*))?$/.exec(body);
  if (parts?.[2] === undefined) return whole;
  const [, marks = '', name, alternative] = parts;
  const value = macros.get(name);
  if (!marks.includes('?')) return value === undefined ? whole : expand(value, macros, line);
  const wanted = marks.includes('!') ? value === undefined : value !== undefined;
  if (!wanted) return '';
  if (alternative !== undefined) return expand(alternative, macros, line);
  return value === undefined ? '' : expand(value, macros, line);
}

/** The expression of an `%if`: numbers, texts in quotes, comparison, `&& || ! ( )`. What it does not understand is false. */
function evaluate(expression: string): boolean {
  const words = expression.match(/"[^"]*"|\d+|&&|\|\||[=!<>]=|[<>!()]/g) ?? [];
  let at = 0;

  function either(): number | string {
    let left = both();
    while (words[at] === '||') {
      at++;
      const right = both();
      left = isTrue(left) || isTrue(right) ? 1 : 0;
    }
    return left;
  }

  function both(): number | string {
    let left = comparison();
    while (words[at] === '&&') {
      at++;
      const right = comparison();
      left = isTrue(left) && isTrue(right) ? 1 : 0;
    }
    return left;
  }

  function comparison(): number | string {
    const left = single();
    const operator = words[at];
    if (operator === undefined || !/^([=!<>]=|[<>])$/.test(operator)) return left;
    at++;
    const right = single();
    const results: Readonly<Record<string, boolean>> = {
      '==': left === right,
      '!=': left !== right,
      '<': left < right,
      '>': left > right,
      '<=': left <= right,
      '>=': left >= right,
    };
    return results[operator] === true ? 1 : 0;
  }

  function single(): number | string {
    const word = words[at++] ?? '0';
    if (word === '!') return isTrue(single()) ? 0 : 1;
    if (word === '(') {
      const inner = either();
      at++;
      return inner;
    }
    return word.startsWith('"') ? word.slice(1, -1) : Number(word);
  }

  return isTrue(either());
}

function isTrue(value: number | string): boolean {
  return value !== 0 && value !== '';
}
