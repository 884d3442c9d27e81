/** `repr()` of a JSON value as Python has it after `json.loads`. */
export function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return reprText(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object') {
    const pairs = Object.entries(value).map(([key, entry]) => `${reprText(key)}: ${repr(entry)}`);
    return `{${pairs.join(', ')}}`;
  }
  return String(value);
}

/** `str()`: a text is itself, all else its `repr()`. */
export function str(value: unknown): string {
  return typeof value === 'string' ? value : repr(value);
}

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, `\\${quote}`);
  return quote + inside + quote;
}

/** `urllib.parse.quote`: what is neither unreserved nor in `safe` is percent-encoded as UTF-8. */
export function quote(text: string, safe: string): string {
  return [...text]
    .map((char) =>
      /[\w.~-]/.test(char) || safe.includes(char)
        ? char
        : [...new TextEncoder().encode(char)].map((byte) => `%${hex(byte)}`).join(''),
    )
    .join('');
}

/** A query as Werkzeug's `url_for` writes it; `safe` is empty for what `requests` sends. */
export function urlencode(pairs: readonly (readonly [string, string])[], safe = "!$'()*,/:;?@"): string {
  const part = (text: string) => quote(text, `${safe} `).replaceAll(' ', '+');
  return pairs.map(([key, value]) => `${part(key)}=${part(value)}`).join('&');
}

/** A request's address as Flask hands it to the application: percent-encoding undone where that is safe. */
export function iri(address: string): string {
  return address.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const pieces = run.match(/%[0-9a-f]{2}/gi) ?? [];
    const kept = pieces.map((piece) => {
      const byte = Number.parseInt(piece.slice(1), 16);
      return byte <= 0x20 || byte === 0x7f || '%&=+#/?'.includes(String.fromCharCode(byte))
        ? `%25${piece.slice(1)}`
        : piece;
    });
    try {
      return decodeURIComponent(kept.join(''));
    } catch {
      return run;
    }
  });
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** A moment as databases keep it: whole microseconds since the epoch. */
export type Micros = number;

/** `datetime.isoformat()` of a naive UTC time: no fraction where it is zero, unless `always`. */
export function isoformat(micros: Micros, fraction: 'if-any' | 'always'): string {
  const rest = ((micros % 1_000_000) + 1_000_000) % 1_000_000;
  const seconds = new Date((micros - rest) / 1000).toISOString().slice(0, 19);
  return rest === 0 && fraction === 'if-any' ? seconds : `${seconds}.${String(rest).padStart(6, '0')}`;
}

/** The parts of a date and time, as matched; undefined for what was left out. */
export interface DateParts {
  readonly year: string | undefined;
  readonly month?: string | undefined;
  readonly day?: string | undefined;
  readonly hour?: string | undefined;
  readonly minute?: string | undefined;
  readonly second?: string | undefined;
  readonly fraction?: string | undefined;
}

/** Undefined where the calendar or the clock has no such moment. */
export function microsOf(parts: DateParts): Micros | undefined {
  const [year, month, day] = [parts.year, parts.month ?? '1', parts.day ?? '1'].map(Number);
  const [hour, minute, second] = [parts.hour, parts.minute, parts.second].map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year ?? 0, (month ?? 1) - 1, day);
  date.setUTCHours(hour ?? 0, minute, second);
  const asAsked =
    date.getUTCMonth() + 1 === month &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  // Python has no year 0.
  if (!asAsked || year === 0) return undefined;
  return date.getTime() * 1000 + Number((parts.fraction ?? '').slice(0, 6).padEnd(6, '0'));
}

/** Microseconds east of UTC of `Z`, `+02`, `+0200`, `+02:00`; 0 where there is none. */
export function offsetOf(zone: string | undefined): Micros {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? '');
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return (match[1] === '-' ? -1 : 1) * minutes * 60_000_000;
}

/** Stamps that never repeat: two rows with one time have no order in a database, and a test would turn on it. */
export function stamps(now: () => number): () => Micros {
  let last = 0;
  return () => {
    last = Math.max(Math.floor(now() * 1000), last + 1);
    return last;
  };
}
