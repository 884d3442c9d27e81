/** A file in the format of Python's ConfigParser: sections of keys, keys in lower case. */
export type Ini = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Continued lines are joined by line ends; a key without a value is empty; `[DEFAULT]` counts for every section. */
export function parseIni(text: string): Ini {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  for (const line of text.split('\n')) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const continued = /^\s+(\S.*)$/.exec(line);
    if (continued !== null && section !== undefined && key !== undefined) {
      section.set(key, `${section.get(key) ?? ''}\n${continued[1]?.trimEnd() ?? ''}`);
      continue;
    }
    const header = /^\[([^\]]+)\]/.exec(line);
    if (header?.[1] !== undefined) {
      section = sections.get(header[1]) ?? new Map();
      sections.set(header[1], section);
      key = undefined;
      continue;
    }
    const entry = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(line.trimEnd());
    if (entry?.[1] === undefined || section === undefined) continue;
    key = entry[1].toLowerCase();
    section.set(key, entry[2] ?? '');
  }
  const defaults = sections.get('DEFAULT') ?? new Map<string, string>();
  return new Map([...sections].map(([name, entries]) => [name, new Map([...defaults, ...entries])]));
}

/** Keys of later files win over those of earlier ones. */
export function mergeIni(files: readonly Ini[]): Ini {
  const merged = new Map<string, Map<string, string>>();
  for (const file of files) {
    for (const [name, entries] of file) merged.set(name, new Map([...(merged.get(name) ?? []), ...entries]));
  }
  return merged;
}

/** ConfigParser's interpolation: `%%` is a percent sign, `%(key)s` another key of the section. */
export function interpolate(entries: ReadonlyMap<string, string>, key: string): string | undefined {
  const raw = entries.get(key);
  return raw?.replace(/%%|%\(([^)]+)\)s/g, (match, name: string | undefined) =>
    name === undefined ? '%' : (interpolate(entries, name.toLowerCase()) ?? match),
  );
}

/** What ConfigParser takes for true. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'yes', 'true', 'on'].includes(value.toLowerCase());
}
