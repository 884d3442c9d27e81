import { Refused } from './http.ts';

interface Row {
  readonly table: string;
  readonly constraint: string;
  /** The columns that must be unique together. */
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, unknown>>;
}

/** What SQLAlchemy says when a row is there already; Bodhi hands its whole text to the client. */
export function duplicateKey({ table, constraint, key, columns }: Row): Refused {
  const names = Object.keys(columns);
  const named = key.map((name) => String(columns[name])).join(', ');
  const parameters = names.map((name) => `'${name}': ${pythonValue(columns[name])}`).join(', ');
  const description = `(psycopg2.errors.UniqueViolation) duplicate key value violates unique constraint "${constraint}"
DETAIL:  Key (${key.join(', ')})=(${named}) already exists.

[SQL: INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((name) => `%(${name})s`).join(', ')}) RETURNING ${table}.id]
[parameters: {${parameters}}]
(Background on this error at: https://sqlalche.me/e/20/gkpj)`;
  return new Refused([{ location: 'body', name: 'IntegrityError', description }], 500);
}

function pythonValue(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'string') return String(value);
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value) ?? [];
  if (year !== undefined) return `datetime.date(${year}, ${Number(month)}, ${Number(day)})`;
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
