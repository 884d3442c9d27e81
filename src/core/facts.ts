/**
 * Names of the facts that the chain is made of. `clients/` and `sources/` report them, `evidence/` reads them.
 *
 * | subject | facts |
 * | --- | --- |
 * | `koji-task ID` | `created` `started` `closed` `failed` `canceled` |
 * | `build NVR` | `complete` `failed` `canceled` `tagged:TAG` `ci-queued:TEST:RUN` `ci-running:TEST:RUN` `ci-complete:TEST:RUN` `ci-error:TEST:RUN` `result:ID` |
 * | `update ALIAS` | `asked` `submitted` `announced` `signed` `status:STATUS` `gating:STATUS#COMMENT` |
 * | `decision KEY` | `decision:N` |
 * | `commit SHA` | `pushed` |
 */
export const KIND = {
  task: 'koji-task',
  build: 'build',
  update: 'update',
  decision: 'decision',
  commit: 'commit',
} as const;

export const FACT = {
  /** An effect of ours was asked for, between its intent and its identity. Reported by the engine. */
  asked: 'asked',
  created: 'created',
  started: 'started',
  closed: 'closed',
  failed: 'failed',
  canceled: 'canceled',
  complete: 'complete',
  submitted: 'submitted',
  announced: 'announced',
  signed: 'signed',
  tagged: (tag: string) => `tagged:${tag}`,
  ci: (state: 'queued' | 'running' | 'complete' | 'error', test: string, run: string) =>
    `ci-${state}:${test}:${run}`,
  result: (id: number) => `result:${id}`,
  status: (status: string) => `status:${status}`,
  gating: (status: string, comment: number) => `gating:${status}#${comment}`,
  decision: (ordinal: number) => `decision:${ordinal}`,
} as const;

/** `data` of a `ci-*` event. */
export interface CiData {
  readonly state: 'queued' | 'running' | 'complete' | 'error';
  readonly test: string;
  readonly run: string;
  /** Of `complete`: `passed`, `failed`, `info`, `needs_inspection`. */
  readonly result?: string;
  readonly reason?: string;
}

/** `data` of a `result:ID` event, as ResultsDB says it. */
export interface ResultData {
  readonly id: number;
  readonly testcase: string;
  /** PASSED, INFO, FAILED, NEEDS_INSPECTION, CRASHED, QUEUED, RUNNING. */
  readonly outcome: string;
  /** `scenario`, `system_architecture`, `system_variant` in one text: results of the same variant supersede each other. */
  readonly variant: string;
  readonly ref_url: string | null;
}

/** `data` of a `gating:*` event. */
export interface GatingData {
  readonly status: string;
  readonly comment: number;
}

/** `data` of a `decision:N` event. */
export interface DecisionData {
  readonly satisfied: boolean;
  readonly summary: string;
  /** Types and test cases of what is not satisfied; `running` where a `result_id` shows that it has begun. */
  readonly unsatisfied: readonly {
    readonly type: string;
    readonly testcase: string;
    readonly running: boolean;
  }[];
  /** A waiver stands for one of the tests, which need not have run then. Decisions of older versions do not say. */
  readonly waived: boolean;
  /** How many requirements there are; 0 with `satisfied` means that nothing was required. */
  readonly requirements: number;
}
