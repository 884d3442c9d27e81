/** A `<double>`: a whole number that must stay one on the wire, such as a weight of 1.0. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A `<dateTime.iso8601>`, kept as it was written: the hub itself never sends one. */
export class DateTime {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A `<base64>`, kept as its encoded text. */
export class Binary {
  readonly encoded: string;
  constructor(encoded: string) {
    this.encoded = encoded;
  }
}

/** What XML-RPC can say. A number is an `<int>` where it is whole, else a `<double>`. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Float
  | DateTime
  | Binary
  | readonly Value[]
  | { readonly [key: string]: Value };

/** An XML-RPC struct; the order of its members is kept on the wire. */
export type Struct = { readonly [key: string]: Value };

/** What a table says of a word that came from outside: `constructor` stands in no table. */
export function ownEntry<Entry>(table: Readonly<Record<string, Entry>>, word: string): Entry | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** True for a map and nothing else. */
export function isStruct(value: Value | undefined): value is Struct {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Float) &&
    !(value instanceof DateTime) &&
    !(value instanceof Binary)
  );
}

/** True for a list; `Array.isArray` loses the type of a readonly one. */
export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** Python's truth: nil, false, zero and everything empty are false. */
export function isTrue(value: Value | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (value instanceof Float) return value.value !== 0;
  if (isList(value)) return value.length > 0;
  if (isStruct(value)) return Object.keys(value).length > 0;
  return typeof value === 'object' || Boolean(value);
}

/** Python's name of the type, as fault texts give it. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'string') return 'str';
  if (value instanceof Float) return 'float';
  if (value instanceof DateTime) return 'DateTime';
  if (value instanceof Binary) return 'Binary';
  return isList(value) ? 'list' : 'dict';
}

/** Python's `repr`, because fault texts of the hub show arguments that way. */
export function repr(value: Value): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return floatText(value, Number.isInteger(value));
  if (typeof value === 'string') return reprText(value);
  if (value instanceof Float) return floatText(value.value, false);
  if (value instanceof DateTime) return `<DateTime ${reprText(value.text)}>`;
  if (value instanceof Binary) return '<Binary>';
  if (isList(value)) return `[${value.map(repr).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, member]) => `${reprText(key)}: ${repr(member)}`)
    .join(', ')}}`;
}

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

/** Python's `str`: like `repr`, but text stands for itself. */
export function plainText(value: Value): string {
  return typeof value === 'string' ? value : repr(value);
}

/** A number as Python writes it: `1.0`, never `1`, for a double, an exponent from 1e16 on and below 1e-4. */
export function floatText(value: number, whole: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (whole) return String(BigInt(value));
  const size = Math.abs(value);
  if (size >= 1e16 || (size < 1e-4 && size > 0)) {
    return value.toExponential().replace(/([+-])(\d)$/, '$10$2');
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
