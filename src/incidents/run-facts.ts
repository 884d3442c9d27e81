import type { FaultData } from '../core/fault.ts';
import type { IncidentRun } from '../core/incident.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { RunRecord, StepRecord } from '../core/run.ts';

/** Of one list in a message; the run itself has them all. */
const MOST = 20;

/** The step that decided how the run ended: the first that did not pass. Undefined where all did, or where none had begun. */
export function decidingStep({ steps }: Pick<RunRecord, 'steps'>): StepRecord | undefined {
  return steps.find(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped');
}

/** What a run made and what failed of it, as an incident remembers it. */
export function incidentRunOf(record: RunRecord, fault: FaultData): IncidentRun {
  return {
    run_id: record.run_id,
    probe: record.probe,
    ended_at: record.ended_at,
    step: decidingStep(record)?.id ?? null,
    fault,
    ...madeBy(record),
    details: detailsOf(fault.evidence),
  };
}

/** The builds and updates of a run, told by the outputs of its steps. */
export function madeBy({ steps }: Pick<RunRecord, 'steps'>): {
  readonly builds: readonly string[];
  readonly updates: readonly string[];
} {
  const all = (...names: readonly string[]) =>
    unique(steps.flatMap(({ outputs }) => names.flatMap((name) => textsOf(outputs[name] ?? null))));
  return { builds: all('nvr', 'builds'), updates: all('update', 'updates') };
}

/** Keys of evidence that name a check or an architecture. */
const CHECKS: readonly string[] = [
  'arch',
  'arches',
  'test',
  'tests',
  'testcase',
  'variant',
  'missing',
  'unsatisfied',
  'results',
  'failed',
  'child',
];

/** What failed by architecture or check, one line for each. */
function detailsOf(evidence: JsonObject): readonly string[] {
  return unique(CHECKS.flatMap((key) => linesOf(key, evidence[key] ?? null))).slice(0, MOST);
}

function linesOf(key: string, value: Json): readonly string[] {
  if (typeof value === 'string') return [`${key} ${value}`];
  if (Array.isArray(value)) return value.flatMap((item: Json) => linesOf(key, item));
  if (value === null || typeof value !== 'object') return [];
  const words = ['testcase', 'test', 'name', 'arch', 'variant', 'outcome', 'type'].flatMap((name) => {
    const word = (value as JsonObject)[name];
    return typeof word === 'string' && word !== '' ? [word] : [];
  });
  return words.length === 0 ? [] : [words.join(' ')];
}

function textsOf(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].slice(0, MOST);
}
