/** Koji's fault codes that this hub speaks. */
export const FAULT = {
  generic: 1000,
  auth: 1002,
  tag: 1003,
  notAllowed: 1004,
  build: 1005,
  locked: 1006,
  expired: 1007,
  sequence: 1008,
  retry: 1009,
  buildroot: 1012,
  offline: 1014,
  parameter: 1019,
} as const;

/** What a call of the hub answers instead of a value; always with HTTP 200. */
export class KojiFault extends Error {
  override readonly name = 'KojiFault';
  readonly code: number;
  /** Text inside a multicall, where the class of an error of Python is left out. */
  readonly bare: string;
  /** The query runs only while the answer is written, so that a whole multicall falls with it. */
  readonly lazy: boolean;
  /** A fault that a builder sent and the hub passes on: it comes without a traceback. */
  readonly relayed: boolean;

  constructor(code: number, text: string, { bare = text, lazy = false, relayed = false } = {}) {
    super(text);
    this.code = code;
    this.bare = bare;
    this.lazy = lazy;
    this.relayed = relayed;
  }
}

/** Fault 1000, the hub's ordinary no. */
export function generic(text: string): KojiFault {
  return new KojiFault(FAULT.generic, text);
}

/** Fault 1019: an argument that the hub's own checks refuse. */
export function parameter(text: string): KojiFault {
  return new KojiFault(FAULT.parameter, text);
}

/** Fault 1004. */
export function notAllowed(text: string): KojiFault {
  return new KojiFault(FAULT.notAllowed, text);
}

/** Fault 1: an exception of Python that nobody caught. `bare` is what `str(argument)` gives. */
export function pythonFault(type: string, text: string, bare = text): KojiFault {
  return new KojiFault(1, `<class '${type}'>: ${text}`, { bare });
}

/** A wrong type that reached the database: PostgreSQL's words, with the caret under the value. */
export function sqlFault(error: SqlError): KojiFault {
  const { type, text, line, where, at, hint, lazy = true } = error;
  const shown = `LINE ${line}:  WHERE (${where})`;
  const caret = ' '.repeat(Math.max(0, shown.indexOf(at)));
  const whole = `${text}\n${shown}\n${caret}^\n${hint === undefined ? '' : `HINT:  ${hint}\n`}`;
  return new KojiFault(1, `<class 'psycopg2.errors.${type}'>: ${whole}`, { bare: whole, lazy });
}

export interface SqlError {
  /** Class of psycopg2: `UndefinedFunction`. */
  readonly type: string;
  readonly text: string;
  /** Line of the WHERE clause in the hub's query. */
  readonly line: number;
  readonly where: string;
  /** Where in the clause the caret points to. */
  readonly at: string;
  readonly hint?: string;
  /** @defaultValue true */
  readonly lazy?: boolean;
}

/** The hint that comes with every `UndefinedFunction`. */
export const CAST_HINT =
  'No operator matches the given name and argument types. You might need to add explicit type casts.';
