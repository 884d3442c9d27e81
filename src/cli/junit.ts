import type { FaultData } from '../core/fault.ts';
import { isoTime } from '../core/iso-time.ts';
import type { RunRecord, StepRecord } from '../core/run.ts';

/** A finished run as JUnit XML: a suite of its steps, seconds. Errored and cancelled steps are errors, failed ones failures. */
export function junitXml(run: RunRecord): string {
  const cases = casesOf(run);
  const count = (tag: Case['tag']) => cases.filter((one) => one.tag === tag).length;
  const totals = [
    `tests="${cases.length}"`,
    `failures="${count('failure')}"`,
    `errors="${count('error')}"`,
    `time="${seconds(run.duration_ms)}"`,
  ].join(' ');
  // Only of a suite: the schema of the outermost element does not have it.
  const skipped = `skipped="${count('skipped')}"`;
  const properties = propertiesOf(run).map(
    ([name, value]) => `      <property name="${escaped(name)}" value="${escaped(value)}"/>`,
  );
  // The schemas know no fraction and no zone: by custom it is UTC.
  const timestamp = isoTime(run.started_at).slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="packprobe" ${totals}>`,
    `  <testsuite name="${escaped(run.probe)}" ${totals} ${skipped} timestamp="${timestamp}">`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...cases.map(caseXml),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

interface Case {
  readonly group: string;
  readonly name: string;
  readonly ms: number;
  readonly tag: 'failure' | 'error' | 'skipped' | undefined;
  readonly type: string;
  readonly message: string;
  /** What a report page shows when the case is opened. */
  readonly details: string;
}

const TAGS = {
  passed: undefined,
  failed: 'failure',
  errored: 'error',
  cancelled: 'error',
  skipped: 'skipped',
} as const;

function casesOf(run: RunRecord): readonly Case[] {
  const names = run.steps.map(({ name }) => name);
  const cases = run.steps.map((step): Case => {
    // Report pages take two cases of one name for one.
    const isAlone = names.filter((name) => name === step.name).length === 1;
    return {
      group: `${run.probe}.${step.system}`,
      name: isAlone ? step.name : `${step.name} (${step.id})`,
      ms: step.duration_ms,
      ...told(step),
    };
  });
  // A run that was stopped between two steps has none that says so: it must not look as if all were well.
  const isSaid = run.outcome === 'passed' || cases.some(({ tag }) => tag === 'failure' || tag === 'error');
  return isSaid ? cases : [...cases, { group: run.probe, name: 'run', ms: run.duration_ms, ...told(run) }];
}

function told({
  outcome,
  fault,
  reason = '',
}: Pick<StepRecord, 'outcome' | 'fault' | 'reason'>): Pick<Case, 'tag' | 'type' | 'message' | 'details'> {
  const tag = TAGS[outcome];
  if (fault === undefined || outcome === 'skipped') {
    return { tag, type: outcome, message: outcome === 'skipped' ? reason : outcome, details: '' };
  }
  return {
    tag,
    type: fault.code,
    message: `${fault.message} (charged to ${fault.system})`,
    details: detailsOf(outcome, fault),
  };
}

function detailsOf(outcome: string, { message, code, kind, system, evidence, hint }: FaultData): string {
  const shown = Object.entries(evidence).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [
    message,
    `${outcome}, charged to ${system} (${kind}, ${code})`,
    ...(hint === undefined ? [] : [`What to do: ${hint}`]),
    ...shown,
  ].join('\n');
}

function propertiesOf(run: RunRecord): readonly (readonly [string, string])[] {
  return [
    ['run_id', run.run_id],
    ['outcome', run.outcome],
    ['environment', run.environment],
    ['package', run.package],
    ['branch', run.branch],
    ['packprobe', run.packprobe],
    ...(run.fault === undefined ? [] : [['charge', run.fault.system] as const]),
    ...Object.entries(run.versions).map(([command, version]) => [`version.${command}`, version] as const),
  ];
}

function caseXml({ group, name, ms, tag, type, message, details }: Case): string {
  const head = `    <testcase classname="${escaped(group)}" name="${escaped(name)}" time="${seconds(ms)}"`;
  if (tag === undefined) return `${head}/>`;
  const attributes =
    tag === 'skipped'
      ? `message="${escaped(message)}"`
      : `type="${escaped(type)}" message="${escaped(message)}"`;
  const inside =
    details === '' ? `<${tag} ${attributes}/>` : `<${tag} ${attributes}>${escapedText(details)}</${tag}>`;
  return `${head}>\n      ${inside}\n    </testcase>`;
}

/** JUnit's own unit. A clock that was set back must not make it negative: readers refuse that. */
function seconds(ms: number): string {
  return (Math.max(0, ms) / 1000).toFixed(3);
}

/** Inside an attribute a parser turns breaks and tabs into blanks, unless they are written so. */
function escaped(text: string): string {
  return escapedText(text)
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;');
}

function escapedText(text: string): string {
  return (
    text
      .toWellFormed()
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 cannot hold them, not even escaped
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
  );
}
