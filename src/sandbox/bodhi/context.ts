import type { DistGitPort, Kit, KojiPort } from '../kit/kit.ts';
import type { Look } from './json.ts';
import type { Store, Update } from './model.ts';

export interface BodhiPorts {
  readonly koji: KojiPort;
  readonly distGit: DistGitPort;
  readonly greenwaveUrl: () => string;
  readonly waiverdbUrl: () => string;
  /** Asks Greenwave or WaiverDB about what only lives in this process; undefined where it has to go over the wire. */
  readonly inside?: (call: {
    readonly service: 'Greenwave' | 'WaiverDB';
    readonly body: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  }) => Promise<{ readonly status: number; readonly text: string }> | undefined;
}

/**
 * Where faults may bend Bodhi's rules; the answer of the hook stands at its right, anything else is the ordinary course.
 *
 * | point | subject | answers |
 * | --- | --- | --- |
 * | `bodhi.create` | first NVR of the update | text: the row is written, then the POST is refused with `Unable to create update.  TEXT`; `{forget: true}`: the POST is answered, nothing is written |
 * | `bodhi.withdraw` | alias | number: so many sandbox ms after it was made somebody makes the update obsolete |
 * | `bodhi.announce` | NVR | `never`: CI is not told that the update is ready; number: sandbox ms later |
 * | `bodhi.tag-signing` | NVR | `never`: the build is not sent to signing; number: sandbox ms later |
 * | `bodhi.consume` | `HANDLER NVR-or-alias`; handlers are `signed`, `automatic-update`, `resultsdb`, `waiverdb` | `never`: the message is swallowed; number: sandbox ms later |
 * | `bodhi.gate` | alias | `never`: an answer of Greenwave is not written down; a status such as `passed`: that is, whatever the answer |
 * | `bodhi.approve` | alias | `never`: approve_testing passes this update over |
 * | `bodhi.check-policies` | `all` | `never`: the hourly check is not made |
 * | `bodhi.push` | release name | `never`: the nightly push leaves this release out |
 * | `bodhi.compose` | release name and request | text: the compose fails with it, keeps its updates and every later push waiting, until the rule says so no more |
 */
export type RulePoint =
  | 'bodhi.create'
  | 'bodhi.withdraw'
  | 'bodhi.announce'
  | 'bodhi.tag-signing'
  | 'bodhi.consume'
  | 'bodhi.gate'
  | 'bodhi.approve'
  | 'bodhi.check-policies'
  | 'bodhi.push'
  | 'bodhi.compose';

/** What all parts of Bodhi share. */
export interface Bodhi {
  readonly kit: Kit;
  readonly ports: BodhiPorts;
  readonly store: Store;
  /** Where Bodhi itself is; it stands in every update. */
  url(): string;
  /** Aborts when Bodhi closes. */
  readonly closing: AbortSignal;
}

export function rule(bodhi: Bodhi, point: RulePoint, subject: string): unknown {
  return bodhi.kit.hooks.rule(point, subject);
}

export function look(bodhi: Bodhi, asked: boolean): Look {
  return { now: bodhi.kit.clock.now(), url: bodhi.url(), asked };
}

/** Sandbox milliseconds; ends early when Bodhi closes. */
export function pause(bodhi: Bodhi, ms: number): Promise<void> {
  if (ms <= 0 || bodhi.closing.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      bodhi.closing.removeEventListener('abort', end);
      resolve();
    };
    bodhi.closing.addEventListener('abort', end);
    bodhi.kit.clock.after(ms, end);
  });
}

/** What a rule of Bodhi says no with; its text reaches the user. */
export class BodhiError extends Error {
  override readonly name: string = 'BodhiException';
}

/** The update is part of a running compose. */
export class LockedError extends BodhiError {
  override readonly name = 'LockedUpdateException';
}

/** One transaction: messages go out when it is committed, as they were when they were said. */
export class Work {
  readonly #bodhi: Bodhi;
  #said: { topic: string; body: Readonly<Record<string, unknown>>; sent: (at: number) => void }[] = [];

  constructor(bodhi: Bodhi) {
    this.#bodhi = bodhi;
  }

  /** `sent` is called when the message is on the bus, with the moment that it tells. */
  say(topic: string, body: Readonly<Record<string, unknown>>, sent: (at: number) => void = () => {}): void {
    this.#said.push({ topic, body, sent });
  }

  commit(): void {
    const said = this.#said;
    this.#said = [];
    for (const { topic, body, sent } of said) {
      sent(this.#bodhi.kit.publish(topic, body));
    }
  }
}

/** Runs one transaction; what was said before something went wrong is said all the same, for the rows are written too. */
export async function transaction<Result>(
  bodhi: Bodhi,
  act: (work: Work) => Promise<Result> | Result,
): Promise<Result> {
  const work = new Work(bodhi);
  try {
    return await act(work);
  } finally {
    work.commit();
  }
}

/** Koji's answer to single tags of a multicall is not looked at, by Bodhi either. */
export function tagBuilds(bodhi: Bodhi, builds: Update['builds'], tag: string): void {
  if (tag === '') return;
  for (const { nvr } of builds) quietly(() => bodhi.ports.koji.tag(nvr, tag, 'bodhi'));
}

export function untagBuilds(bodhi: Bodhi, builds: Update['builds'], tag: string): void {
  if (tag === '') return;
  for (const { nvr } of builds) {
    if (tagsOf(bodhi, nvr).includes(tag)) quietly(() => bodhi.ports.koji.untag(nvr, tag, 'bodhi'));
  }
}

/** Nobody needs it any more when its update is stable. */
export function removeSideTag(bodhi: Bodhi, tag: string): void {
  quietly(() => bodhi.ports.koji.removeSideTag(tag, 'bodhi'));
}

export function sendToSigning(bodhi: Bodhi, builds: Update['builds'], tag: string): void {
  if (tag === '') return;
  for (const { nvr } of builds) {
    const say = rule(bodhi, 'bodhi.tag-signing', nvr);
    if (say === 'never') continue;
    const act = () => {
      // Bodhi tags by force: a build that is there already is tagged afresh, and so signed afresh.
      untagBuilds(
        bodhi,
        builds.filter((build) => build.nvr === nvr),
        tag,
      );
      quietly(() => bodhi.ports.koji.tag(nvr, tag, 'bodhi'));
    };
    if (typeof say === 'number') bodhi.kit.clock.after(say, act);
    else act();
  }
}

export function tagsOf(bodhi: Bodhi, nvr: string): readonly string[] {
  return bodhi.ports.koji.build(nvr)?.tags ?? [];
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // Left to whoever looks at Koji's tags, as with the real one.
  }
}
