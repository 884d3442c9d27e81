/** A number that Python would hold as a float: written `1.0`, not `1`. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** JSON as Python's `json.dumps` writes it: blanks after `,` and `:`, ASCII alone, `Infinity` and `NaN` where they come. */
export function pythonJson(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Float) return float(value.value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : float(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return `{${entries.map(([key, entry]) => `${text(key)}: ${pythonJson(entry)}`).join(', ')}}`;
}

function float(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const written = String(value);
  if (!/e/.test(written)) return Number.isInteger(value) ? `${written}.0` : written;
  return written.replace(/e([+-])(\d)$/, 'e$10$2');
}

function text(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
