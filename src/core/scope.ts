import { formatDuration } from './duration.ts';
import { type Environment, environmentSchema } from './environment.ts';
import { listOf, nullable, objectOf, TEXT, type Type, typeOfValue, UNKNOWN } from './expression/type.ts';
import type { JsonObject } from './json.ts';
import { jsonSchema, typeOfSchema } from './json-schema.ts';
import type { PlannedProbe, Scope } from './plan.ts';

/** The roots of expressions in this scope. */
export function rootsOf({ run, env, probe, params, steps }: Scope): JsonObject {
  const results = Object.entries(steps).map(([id, { outcome, outputs }]) => [
    id,
    { ...(outputs ?? {}), outcome },
  ]);
  const { id, probe: name, package: packageName, branch } = run;
  return {
    run: { id, probe: name, package: packageName, branch },
    env,
    probe,
    params,
    steps: Object.fromEntries(results),
  };
}

// The address of a bus carries a login, and how often we look is nobody's input.
const UNTOLD: ReadonlySet<string> = new Set(['messaging.url', 'poll']);

/** The part of an environment that probe files may see: names, addresses and packages; never a secret or where one is. */
export function environmentFacts({ name, systems, packages, contact }: Environment): JsonObject {
  const told = Object.entries(systems).map(([system, entry]) => [
    system,
    Object.fromEntries(
      Object.entries(entry ?? {}).filter(
        ([key, value]) => value !== undefined && !UNTOLD.has(key) && !UNTOLD.has(`${system}.${key}`),
      ),
    ),
  ]);
  const facts = { name, systems: Object.fromEntries(told), packages, contact };
  // Through JSON: undefined members are left out, and nothing is shared with the environment.
  return JSON.parse(JSON.stringify(facts)) as JsonObject;
}

/** What is certain of `env`: of a given environment what it has, else what environments can have. */
export function environmentType(environment: Environment | undefined): Type {
  if (environment !== undefined) return openTexts(typeOfValue(environmentFacts(environment)));
  const all = typeOfSchema(jsonSchema(environmentSchema, 'output'), 'present');
  if (all.kind !== 'object') return UNKNOWN;
  const { name = TEXT, systems = UNKNOWN, packages = UNKNOWN, contact = TEXT } = all.members;
  return objectOf({ name, systems, packages, contact });
}

/** A probe as expressions see it; `timeout` is text that every input of a duration takes. */
export function probeFacts(probe: PlannedProbe): JsonObject {
  const { name, description, branch, timeoutMs } = probe;
  return { name, description, package: probe.package ?? null, branch, timeout: formatDuration(timeoutMs) };
}

/** What `probe` is in expressions. */
export const PROBE_TYPE = (packageIsKnown: boolean): Type =>
  objectOf({
    name: TEXT,
    description: TEXT,
    package: packageIsKnown ? TEXT : nullable(TEXT),
    branch: TEXT,
    timeout: TEXT,
  });

/** What `run` is in expressions. */
export const RUN_TYPE: Type = objectOf({ id: TEXT, probe: TEXT, package: TEXT, branch: TEXT });

/** A value's type without the value itself: another run of the same file may have another. */
function openTexts(type: Type): Type {
  if (type.kind === 'text') return TEXT;
  if (type.kind === 'list') return listOf(openTexts(type.item));
  if (type.kind !== 'object') return type;
  return objectOf(
    Object.fromEntries(Object.entries(type.members).map(([name, member]) => [name, openTexts(member)])),
  );
}
