import { str } from '../resultsdb/python.ts';

/** One entry of Bodhi's error body. */
export interface Refusal {
  readonly location: 'body' | 'querystring' | 'url' | 'cookies' | 'header';
  readonly name: string;
  readonly description: string;
}

/** How a field is read; `missing` is its value when it is not given, without one it is required. */
export type Field =
  | {
      readonly kind: 'text';
      readonly missing?: unknown;
      readonly missingText?: string;
      readonly min?: number;
      readonly max?: number;
      readonly of?: readonly string[];
    }
  | { readonly kind: 'number'; readonly missing?: unknown; readonly min?: number; readonly max?: number }
  /** In a body any word but `false` and `0` is true; `strict` refuses what is neither. */
  | { readonly kind: 'flag'; readonly missing?: unknown; readonly strict?: boolean }
  | { readonly kind: 'time'; readonly missing?: unknown }
  /** Repeated keys, or with `split` also one text cut at commas and white space. */
  | {
      readonly kind: 'list';
      readonly missing?: unknown;
      readonly split?: boolean;
      readonly of?: readonly string[];
      readonly numbers?: boolean;
      readonly emptyItems?: boolean;
    };

export type Schema = Readonly<Record<string, Field>>;
export type Fields = Readonly<Record<string, unknown>>;

/** Reads what was sent by a schema. Unknown fields are ignored, empty texts count as not given; every fault of the input comes back at once. */
export function readFields(
  sent: Fields,
  schema: Schema,
  location: Refusal['location'],
): { readonly values: Fields; readonly refusals: readonly Refusal[] } {
  const values: Record<string, unknown> = {};
  const refusals: Refusal[] = [];
  for (const [name, field] of Object.entries(schema)) {
    const refuse: Refuse = (description, item) =>
      void refusals.push({ location, name: item === undefined ? name : `${name}.${item}`, description });
    const given = sent[name];
    const absent = given === undefined || given === null || (given === '' && field.kind !== 'list');
    if (!absent) {
      values[name] = readOne(given, field, refuse);
    } else if ('missing' in field) {
      values[name] = field.missing;
    } else {
      refuse(field.kind === 'text' ? (field.missingText ?? 'Required') : 'Required');
    }
  }
  return { values, refusals };
}

/** `item` is the place in a list, from 0. */
type Refuse = (description: string, item?: number) => void;

function readOne(given: unknown, field: Field, refuse: Refuse): unknown {
  switch (field.kind) {
    case 'text': {
      const text = str(Array.isArray(given) ? given[0] : given);
      const { length } = [...text];
      if (field.min !== undefined && length < field.min) {
        refuse(`Shorter than minimum length ${field.min}`);
      } else if (field.max !== undefined && length > field.max) {
        refuse(`Longer than maximum length ${field.max}`);
      } else if (field.of !== undefined && !field.of.includes(text)) {
        refuse(notOneOf(text, field.of));
      }
      return text;
    }
    case 'number': {
      const number = pythonInt(given);
      if (number === undefined) refuse(`"${str(given)}" is not a number`);
      else if (field.min !== undefined && number < field.min) {
        refuse(`${number} is less than minimum value ${field.min}`);
      } else if (field.max !== undefined && number > field.max) {
        refuse(`${number} is greater than maximum value ${field.max}`);
      }
      return number;
    }
    case 'flag': {
      const word = str(given).toLowerCase();
      const no = word === 'false' || word === '0';
      if (field.strict === true && !no && word !== 'true' && word !== '1') {
        refuse(`"${str(given)}" is neither in ('false', '0') nor in ('true', '1')`);
      }
      return !no;
    }
    case 'time': {
      const time = parseTime(str(given));
      if (time === undefined) refuse('Invalid date');
      return time;
    }
    case 'list':
      return readList(Array.isArray(given) ? given : [given], field, refuse);
  }
}

function readList(
  given: readonly unknown[],
  field: Extract<Field, { kind: 'list' }>,
  refuse: Refuse,
): string[] {
  const items: string[] = [];
  for (const [index, item] of given.entries()) {
    const text = item === null ? '' : str(item);
    if (text === '' && field.emptyItems !== true) refuse('Required', index);
    else if (field.of !== undefined && !field.of.includes(text)) refuse(notOneOf(text, field.of), index);
    else if (field.numbers === true && !/^-?\d+$/.test(text)) refuse(`"${text}" is not a number`, index);
    else items.push(text);
  }
  if (field.split !== true) return items;
  return items.flatMap((item) => item.split(/[\s,]+/)).filter((item) => item !== '');
}

function notOneOf(text: string, words: readonly string[]): string {
  return `"${text}" is not one of ${words.join(', ')}`;
}

/** What Python's `int()` takes: no fraction and no exponent in a text. */
function pythonInt(given: unknown): number | undefined {
  if (typeof given === 'boolean') return Number(given);
  if (typeof given === 'number') return Math.trunc(given);
  return typeof given === 'string' && /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(given)
    ? Number(given.replaceAll('_', ''))
    : undefined;
}

/** ISO times as Bodhi takes them: a date alone or with a time behind `T` or a blank; without a zone it is UTC. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?$/.exec(
    text.trim(),
  );
  if (match === null) return undefined;
  const [, date, clock = '00:00:00', zone = 'Z'] = match;
  const time = Date.parse(
    `${date}T${clock}${/^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone}`,
  );
  return Number.isNaN(time) ? undefined : time;
}
