import { CAST_HINT, type KojiFault, parameter, pythonFault, sqlFault } from './faults.ts';
import {
  Float,
  floatText,
  isList,
  isStruct,
  isTrue,
  ownEntry,
  plainText,
  repr,
  type Struct,
  typeName,
  type Value,
} from './value.ts';

/** Python's `int(value)` with the words of the hub's own check. */
export function toInt(value: Value): number {
  if (typeof value === 'number') return Math.trunc(value);
  if (value instanceof Float) return Math.trunc(value.value);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  throw wrongType(value, 'int');
}

/** The hub's own check of an argument's type. */
export function wrongType(value: Value, wanted: string): KojiFault {
  if (value === null) return parameter(`Invalid type, expected type <class '${wanted}'>`);
  return parameter(
    `Invalid type for value '${plainText(value)}': <class '${typeName(value)}'>, expected type <class '${wanted}'>`,
  );
}

export interface Paging {
  /** The lists of tags are queried twice, so that the first error hides behind the second. */
  readonly twice?: boolean;
  readonly lazy?: boolean;
}

/** Applies `queryOpts` as the hub does: order, then offset and limit, then the count of what is left. */
export function page(
  rows: readonly Struct[],
  given: Value,
  { twice = false, lazy = true }: Paging = {},
): Value {
  const opts: Struct = isStruct(given) ? given : {};
  const { order, limit, offset } = opts;
  let found = rows;
  if (typeof order === 'string' && opts['countOnly'] !== true) found = sortRows(found, order, invalidOrder);
  if (offset !== undefined && offset !== null) {
    const skip = bound(offset, 'OFFSET', 'ResultOffset', twice, lazy);
    found = found.slice(skip);
  }
  if (limit !== undefined && limit !== null) {
    const most = bound(limit, 'LIMIT', 'Limit', twice, lazy);
    if (most > 0) found = found.slice(0, most);
  }
  if (isTrue(opts['countOnly'])) return found.length;
  return isTrue(opts['asList']) ? found.map((row) => Object.values(row)) : found;
}

function bound(value: Value, name: string, clause: string, twice: boolean, lazy: boolean): number {
  if (typeof value !== 'number') {
    throw pythonFault('TypeError', `'<' not supported between instances of '${typeName(value)}' and 'int'`);
  }
  if (value >= 0) return value;
  if (twice) {
    throw sqlText(
      'InFailedSqlTransaction',
      'current transaction is aborted, commands ignored until end of transaction block\n',
      lazy,
    );
  }
  throw sqlText(`InvalidRowCountIn${clause}Clause`, `${name} must not be negative\n`, lazy);
}

function sqlText(type: string, text: string, lazy: boolean) {
  const fault = pythonFault(`psycopg2.errors.${type}`, text);
  return lazy ? Object.assign(fault, { lazy: true }) : fault;
}

function invalidOrder(order: string): never {
  throw Object.assign(pythonFault('Exception', `Invalid order: ${order}`), { lazy: true });
}

/** Sorts by `a,-b`; nil comes last going up, as in the database. */
export function sortRows(
  rows: readonly Struct[],
  order: string,
  onUnknown: (column: string) => never,
): readonly Struct[] {
  const keys = order.split(',').map((part) => part.trim());
  for (const key of keys) {
    const column = key.replace(/^-/, '');
    if (!/^[\w.]+$/.test(column) || (rows[0] !== undefined && !(column in rows[0]))) onUnknown(key);
  }
  return rows.toSorted((a, b) => {
    for (const key of keys) {
      const column = key.replace(/^-/, '');
      const sign = key.startsWith('-') ? -1 : 1;
      const result = compare(a[column] ?? null, b[column] ?? null);
      if (result !== 0) return result * sign;
    }
    return 0;
  });
}

function compare(a: Value, b: Value): number {
  const [left, right] = [scalar(a), scalar(b)];
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function scalar(value: Value): string | number | null {
  if (value instanceof Float) return value.value;
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

export interface Column {
  /** As the WHERE clause names it: `build.state`. */
  readonly name: string;
  readonly type: 'integer' | 'text';
  /** Line of the WHERE clause in the hub's query. */
  readonly line: number;
  readonly lazy?: boolean;
}

/** A filter for one value: a list or a value of another type is a database error. */
export function scalarFilter({ name, type, line, lazy = true }: Column, value: Value): Value {
  if (isList(value)) {
    throw sqlFault({
      type: 'UndefinedFunction',
      text: `operator does not exist: ${type} = record`,
      line,
      where: `${name} = (${value.map(sqlLiteral).join(', ')})`,
      at: '= (',
      hint: CAST_HINT,
      lazy,
    });
  }
  if (type === 'integer' && typeof value === 'string' && !/^\s*-?\d+\s*$/.test(value)) {
    throw invalidInteger({ name, line, lazy, where: `${name} = '${value}'` }, value);
  }
  if (type === 'integer' && typeof value === 'boolean') {
    throw sqlFault({
      type: 'UndefinedFunction',
      text: 'operator does not exist: integer = boolean',
      line,
      where: `${name} = ${value}`,
      at: '= ',
      hint: CAST_HINT,
      lazy,
    });
  }
  return type === 'integer' && typeof value === 'string' ? Number(value) : value;
}

/** A filter that asks for a list: a bare value is a syntax error of SQL, so is an empty list. */
export function listFilter({ name, type, line }: Column, value: Value): readonly Value[] {
  const inClause = (values: string) => `${name} IN ${values}`;
  if (!isList(value)) {
    const shown = sqlLiteral(value);
    throw sqlFault({
      type: 'SyntaxError',
      text: `syntax error at or near "${shown}"`,
      line,
      where: inClause(shown),
      at: shown,
    });
  }
  if (value.length === 0) {
    throw sqlFault({
      type: 'SyntaxError',
      text: 'syntax error at or near ")"',
      line,
      where: inClause('()'),
      at: ')',
    });
  }
  const wrong = type === 'integer' ? value.find((one) => typeof one === 'string') : undefined;
  if (typeof wrong === 'string') {
    throw invalidInteger({ name, line, where: inClause(`(${value.map(sqlLiteral).join(', ')})`) }, wrong);
  }
  return value;
}

function invalidInteger(
  { line, where, lazy = true }: { name: string; line: number; where: string; lazy?: boolean },
  value: string,
) {
  return sqlFault({
    type: 'InvalidTextRepresentation',
    text: `invalid input syntax for type integer: "${value}"`,
    line,
    where,
    at: `'${value}'`,
    lazy,
  });
}

function sqlLiteral(value: Value): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value instanceof Float) return floatText(value.value, false);
  return value === null ? 'NULL' : repr(value);
}

/** Whether a text fits a pattern of `*` and `?`, upper and lower case alike: the hub asks with ILIKE. */
export function matchesGlob(text: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('[', '\\[')
    .replaceAll(']', '\\]')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'is').test(text);
}

/** One clause of a view's query: `["state", "=", 1]` or `["task_id", 5]`. */
export function applyClauses(
  rows: readonly Struct[],
  clauses: Value,
  fields: ReadonlySet<string>,
): readonly Struct[] {
  if (clauses === null) return rows;
  if (!isList(clauses)) throw parameter(`Invalid clauses: ${repr(clauses)}`);
  const tests = clauses.map((clause) => {
    if (!isList(clause) || clause.length < 2) throw parameter(`Invalid clause: ${repr(clause)}`);
    const [field, second, third] = clause;
    const name = String(field);
    if (!fields.has(name)) throw parameter(`Invalid field for query ${name}`);
    const [operator, wanted] = clause.length === 2 ? ['=', second] : [String(second).toUpperCase(), third];
    const test = ownEntry(OPERATORS, operator);
    if (test === undefined) throw parameter(`Invalid operator: ${operator}`);
    return (row: Struct) => test(scalarOrFlag(row[name] ?? null), wanted ?? null);
  });
  return rows.filter((row) => tests.every((test) => test(row)));
}

function scalarOrFlag(value: Value): Value {
  return value instanceof Float ? value.value : value;
}

const numeric = (value: Value) => Number(scalarOrFlag(value));
const OPERATORS: Readonly<Record<string, (value: Value, wanted: Value) => boolean>> = {
  IN: (value, wanted) => isList(wanted) && wanted.some((one) => scalarOrFlag(one) === value),
  '=': (value, wanted) => value === scalarOrFlag(wanted),
  '!=': (value, wanted) => value !== scalarOrFlag(wanted),
  '>': (value, wanted) => numeric(value) > numeric(wanted),
  '<': (value, wanted) => numeric(value) < numeric(wanted),
  '>=': (value, wanted) => numeric(value) >= numeric(wanted),
  '<=': (value, wanted) => numeric(value) <= numeric(wanted),
  IS: (value, wanted) => value === wanted,
  'IS NOT': (value, wanted) => value !== wanted,
};

/** The asked columns of each row; `**` gives all, nil the usual ones. */
export function pickFields(
  rows: readonly Struct[],
  fields: Value,
  usual: readonly string[],
  all: ReadonlySet<string>,
): readonly Struct[] {
  if (fields === '**') return rows;
  const names = isList(fields) ? fields.map(String) : typeof fields === 'string' ? [fields] : usual;
  const unknown = names.find((name) => !all.has(name));
  if (unknown !== undefined) throw parameter(`Invalid field for query ${unknown}`);
  return rows.map((row) =>
    Object.fromEntries(names.toSorted().map((name) => [name, row[name] ?? null] as const)),
  );
}
