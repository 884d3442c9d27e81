/** A floating-point number that must stay one: Python writes 5.0 where JavaScript writes 5. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toString(): string {
    return Number.isInteger(this.value) ? `${this.value}.0` : String(this.value);
  }
}

/** As Python shows a value: `None`, `True`, single quotes. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (value instanceof Double || typeof value !== 'object') return String(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${quote(key)}: ${pythonRepr(inner)}`)
    .join(', ')}}`;
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(mark, `\\${mark}`);
  return `${mark}${escaped}${mark}`;
}

/** Python's `pprint`: on one line where 80 columns do, else one entry per line, keys sorted. */
export function pythonPretty(value: unknown, indent = 0, room = 80): string {
  const sorted = sortKeys(value);
  const line = pythonRepr(sorted);
  if (
    line.length <= room - indent ||
    sorted === null ||
    typeof sorted !== 'object' ||
    sorted instanceof Double
  ) {
    return line;
  }
  const gap = `,\n${' '.repeat(indent + 1)}`;
  if (Array.isArray(sorted)) {
    return `[${sorted.map((inner) => pythonPretty(inner, indent + 1, room - 1)).join(gap)}]`;
  }
  const entries = Object.entries(sorted).map(([key, inner]) => {
    const name = `${quote(key)}: `;
    return `${name}${pythonPretty(inner, indent + 1 + name.length, room - 1)}`;
  });
  return `{${entries.join(gap)}}`;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object' || value instanceof Double) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}

/** Python's `json.dumps`: two blanks of indent or one line, everything beyond ASCII escaped. */
export function pythonJson(value: unknown, indent?: number, depth = 0): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') {
    return JSON.stringify(value).replace(
      /[\u007f-\uffff]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  }
  if (value instanceof Double || typeof value !== 'object') return String(value);
  const inner = Array.isArray(value)
    ? value.map((entry) => pythonJson(entry, indent, depth + 1))
    : Object.entries(value).map(
        ([key, entry]) => `${pythonJson(key)}: ${pythonJson(entry, indent, depth + 1)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (inner.length === 0) return `${open}${close}`;
  if (indent === undefined) return `${open}${inner.join(', ')}${close}`;
  const gap = `\n${' '.repeat(indent * (depth + 1))}`;
  return `${open}${gap}${inner.join(`,${gap}`)}\n${' '.repeat(indent * depth)}${close}`;
}

/** Python's `textwrap.wrap`: lines of at most `width`, broken at blanks and after hyphens between letters; blanks inside a line stay as many. */
export function wrapText(text: string, width: number, indent = ''): readonly string[] {
  const pieces = text
    .trim()
    .split(/(\s+)/)
    .flatMap((word) =>
      /^\s/.test(word) ? [' '.repeat(word.length)] : word.split(/(?<=\w[^\d\W]-)(?=\w[^\d\W])/),
    )
    .filter((piece) => piece !== '');
  const lines: string[] = [];
  let line = indent;
  for (let piece of pieces) {
    if (line.length + piece.length > width && line !== indent) {
      lines.push(line.trimEnd());
      line = indent;
    }
    if (piece.trim() === '' && line === indent) continue;
    while (indent.length + piece.length > width) {
      lines.push(indent + piece.slice(0, width - indent.length));
      piece = piece.slice(width - indent.length);
    }
    line += piece;
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  return lines;
}
