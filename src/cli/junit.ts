import type { RunRecord, StepRecord } from '../core/run.ts';
import { isoTime } from './times.ts';

/** A finished run as JUnit XML: a suite of its steps, seconds. Errored steps are errors, failed ones failures. */
export function junitXml(run: RunRecord): string {
  const count = (outcome: StepRecord['outcome']) =>
    run.steps.filter((step) => step.outcome === outcome).length;
  const attributes = [
    `name="${escaped(run.probe)}"`,
    `tests="${run.steps.length}"`,
    `failures="${count('failed')}"`,
    `errors="${count('errored') + count('cancelled')}"`,
    `skipped="${count('skipped')}"`,
    `time="${seconds(run.duration_ms)}"`,
    `timestamp="${isoTime(run.started_at)}"`,
  ].join(' ');
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n  <testsuite ${attributes}>\n    <properties>\n      <property name="run_id" value="${run.run_id}"/>\n      <property name="environment" value="${escaped(run.environment)}"/>\n    </properties>\n${run.steps.map((step) => caseOf(run, step)).join('\n')}\n  </testsuite>\n</testsuites>\n`;
}

function caseOf(run: RunRecord, step: StepRecord): string {
  const head = `    <testcase classname="${escaped(`${run.probe}.${step.system}`)}" name="${escaped(step.name)}" time="${seconds(step.duration_ms)}"`;
  const inside = insideOf(step);
  return inside === undefined ? `${head}/>` : `${head}>\n      ${inside}\n    </testcase>`;
}

function insideOf({ outcome, fault, reason }: StepRecord): string | undefined {
  if (outcome === 'passed') return undefined;
  if (outcome === 'skipped') return `<skipped message="${escaped(reason ?? '')}"/>`;
  const tag = outcome === 'failed' ? 'failure' : 'error';
  const text = fault === undefined ? outcome : `${fault.message} (charged to ${fault.system})`;
  return `<${tag} type="${escaped(fault?.code ?? outcome)}" message="${escaped(text)}"/>`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function escaped(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 cannot hold them, not even escaped
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '')
  );
}
