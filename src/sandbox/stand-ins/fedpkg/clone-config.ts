import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An entry as it stands in a configuration file of git, behind whatever is there. */
export function configText(key: string, value: string): string {
  const [section = '', ...names] = key.split('.');
  const name = names.pop() ?? '';
  const below = names.length === 0 ? '' : ` "${quoted(names.join('.'))}"`;
  return `[${section}${below}]\n\t${name} = "${quoted(value)}"\n`;
}

function quoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/**
 * `remote.` and `branch.` of a clone as `git config --get-regexp` would print them, without a process; the last of a key counts. Undefined where the file holds what only
 * git itself reads: then it has to be asked.
 */
export function readCloneConfig(path: string): ReadonlyMap<string, string> | undefined {
  let text: string;
  try {
    text = readFileSync(join(path, '.git', 'config'), 'utf8');
  } catch {
    // No clone, or a work tree that keeps its own elsewhere.
    return undefined;
  }
  const entries = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const head = /^\[([A-Za-z]+)(?: "([^"\\]*)")?\]$/.exec(line);
    if (head !== null) {
      const [, name = '', below] = head;
      section = `${name.toLowerCase()}${below === undefined ? '' : `.${below}`}`;
      continue;
    }
    const [, key, plain, inQuotes] = /^\s+([A-Za-z]+) = (?:([^"\\#;]*)|"([^"\\]*)")$/.exec(line) ?? [];
    if (key !== undefined && !/^include/.test(section)) {
      entries.set(`${section}.${key.toLowerCase()}`, plain ?? inQuotes ?? '');
    } else if (/^(remote|branch|include)/.test(section) || line.startsWith('[')) return undefined;
  }
  return entries;
}
