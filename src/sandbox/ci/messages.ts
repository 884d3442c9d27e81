import { createHash } from 'node:crypto';
import { isoformat } from '../resultsdb/python.ts';

export type CiState = 'queued' | 'running' | 'complete' | 'error';

/** How a test ended, as `test.result` says it. */
export type CiResult = 'passed' | 'failed' | 'info' | 'needs_inspection' | 'not_applicable';

/** One run of one test of one build. */
export interface CiRun {
  readonly nvr: string;
  readonly taskId: number | null;
  readonly issuer: string;
  readonly source: string | null;
  /** `fedora-ci.koji-build.tier0.functional`. */
  readonly test: string;
  /** From 1, over all runs of the sandbox: what tells reruns apart. */
  readonly number: number;
}

const CONTACT = {
  name: 'Fedora CI',
  team: 'Fedora CI',
  docs: 'https://docs.fedoraproject.org/en-US/ci/',
  irc: '#fedora-ci',
  email: 'ci@lists.fedoraproject.org',
};

/** Body of `ci.koji-build.test.*`, in the version of the schema that Fedora CI sends. */
export function ciMessage(
  run: CiRun,
  state: CiState,
  nowMs: number,
  result?: CiResult,
): Readonly<Record<string, unknown>> {
  const { namespace, type, category } = partsOf(run.test);
  const job = `https://osci-jenkins.sandbox.invalid/job/fedora-ci/job/${type}-pipeline/job/master/${run.number}`;
  const ended = state === 'complete' || state === 'error';
  return {
    contact: CONTACT,
    run: {
      url: `${job}/`,
      log: `${job}/console`,
      log_raw: `${job}/consoleText`,
      log_stream: `${job}/console`,
      rebuild: `${job}/rebuild`,
    },
    artifact: {
      type: 'koji-build',
      id: run.taskId,
      issuer: run.issuer,
      component: packageOf(run.nvr),
      nvr: run.nvr,
      scratch: false,
      source: run.source,
    },
    pipeline: { id: pipelineId(run), name: type },
    test: {
      category,
      namespace,
      type,
      docs: 'https://docs.fedoraproject.org/en-US/ci/',
      ...(result === undefined ? {} : { result }),
    },
    ...(ended ? { system: [systemOf(run.nvr)], note: '' } : {}),
    ...(state === 'error'
      ? { error: { reason: 'Infrastructure Failure', issue_url: `${job}/console` } }
      : {}),
    generated_at: `${isoformat(Math.floor(nowMs * 1000), 'always')}Z`,
    version: '1.1.14',
  };
}

/** Constant over queued, running and complete, and also over reruns. */
function pipelineId({ taskId, test }: CiRun): string {
  return createHash('sha256')
    .update(`koji-build ${taskId ?? ''} ${test}`)
    .digest('hex');
}

function systemOf(nvr: string): Readonly<Record<string, string>> {
  const version = /\.fc(\d+)/.exec(nvr)?.[1];
  return { os: `fedora-${version ?? 'rawhide'}`, provider: 'Testing Farm', architecture: 'x86_64' };
}

/** ResultsDB knows a test by `namespace.type.category`. */
function partsOf(test: string): { namespace: string; type: string; category: string } {
  const parts = test.split('.');
  return {
    namespace: parts.slice(0, -2).join('.'),
    type: parts.at(-2) ?? '',
    category: parts.at(-1) ?? '',
  };
}

export function packageOf(nvr: string): string {
  return nvr.split('-').slice(0, -2).join('-');
}
