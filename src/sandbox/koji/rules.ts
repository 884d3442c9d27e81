import type { Delay } from '../kit/draw.ts';
import { FAULT, KojiFault } from './faults.ts';
import type { Hub } from './hub.ts';

/**
 * Where faults may step in. A rule point is asked once per subject, with the ordinary course for an answer of undefined.
 *
 * | point             | subject             | asked                                                        |
 * | ----------------- | ------------------- | ------------------------------------------------------------ |
 * | `koji.schedule`   | `METHOD ARCH NAME`  | before a task is given to a builder                          |
 * | `koji.checkout`   | `PACKAGE COMMIT`    | before a builder looks into dist-git                         |
 * | `koji.build-srpm` | `NVR`               | before the source package is there                           |
 * | `koji.build-arch` | `NVR.ARCH`          | before an arch is built                                      |
 * | `koji.import`     | `NVR`               | before the hub imports the RPMs                              |
 * | `koji.tag`        | `NVR TAG`           | before a tag task tags                                       |
 * | `koji.repo`       | `TAG`               | before a repo is ready                                       |
 *
 * The answer is `'never'` (the task stays as it is for ever) or an object: `fail` is the text of the task's fault, `code` its code
 * (1005 unless set, 1012 for texts of the mock buildroot), `log` what a builder's log then says, `delayMs` is spent in addition. At
 * `koji.build-arch` `cancel` has somebody cancel the whole build, at `koji.tag` `into` names the tag that it gets into instead.
 *
 * NAME is the NVR where it is known, else `PACKAGE#COMMIT` or the name of the tag.
 */
export interface Ruling {
  readonly fail?: string;
  readonly code?: number;
  readonly log?: string;
  readonly delayMs?: number;
  readonly cancel?: boolean;
  readonly into?: string;
}

/** Usual delays by point, sandbox milliseconds. A whole build takes 5 to 9 minutes. */
export const DELAYS = {
  /** FREE -> ASSIGNED: the scheduler runs at most about once a minute. */
  'koji.assign': { least: 3_000, median: 14_000, most: 60_000 },
  /** ASSIGNED -> OPEN: builders poll every 15 s. */
  'koji.open': { least: 1_000, median: 7_000, most: 15_000 },
  'koji.checkout': { least: 4_000, median: 8_000, most: 20_000 },
  'koji.build-srpm': { least: 30_000, median: 50_000, most: 80_000 },
  'koji.build-arch': { least: 150_000, median: 210_000, most: 330_000 },
  'koji.import': { least: 2_000, median: 5_000, most: 12_000 },
  'koji.tag': { least: 500, median: 1_500, most: 4_000 },
  /** How long a parent needs to notice that its children have ended. */
  'koji.notice': { least: 500, median: 3_000, most: 10_000 },
  'koji.createrepo': { least: 20_000, median: 60_000, most: 150_000 },
  /** From a change of a build tag to its regeneration. */
  'koji.regenerate': { least: 10_000, median: 40_000, most: 120_000 },
} as const satisfies Readonly<Record<string, Delay>>;

export type DelayPoint = keyof typeof DELAYS;

/** Sandbox milliseconds for this point and subject. */
export function delay(hub: Hub, point: DelayPoint, subject: string): number {
  return hub.kit.delay(point, subject, DELAYS[point]);
}

/** What the active faults say at a point; undefined is the ordinary course. */
export function ruling(hub: Hub, point: string, subject: string): Ruling | 'never' | undefined {
  const answer = hub.kit.hooks.rule(point, subject);
  if (answer === 'never') return 'never';
  return typeof answer === 'object' && answer !== null ? answer : undefined;
}

/** The fault that a ruling asks for. */
export function faultOf({ fail = 'failed', code }: Ruling): KojiFault {
  const usual = fail.startsWith('could not init mock buildroot') ? FAULT.buildroot : FAULT.build;
  return new KojiFault(code ?? usual, fail);
}
