import type { Delay } from '../kit/draw.ts';
import type { Kit, KojiPort, Message } from '../kit/kit.ts';

/** The account by which robosignatory works in Koji. */
const SIGNER = 'autopen';

/** Who may have a side tag signed. */
const TRUSTED_TAGGER = 'bodhi';

/** From the tag message to the move, sandbox milliseconds. Point `signing.sign`, subject NVR. */
const SIGNING: Delay = { least: 60_000, median: 95_000, most: 180_000 };

/** What each message takes of the signer's own time: many at once wait for each other. Point `signing.work`, subject NVR. */
const WORK: Delay = { least: 3_000, median: 8_000, most: 40_000 };

interface Order {
  readonly nvr: string;
  readonly from: string;
  readonly to: string;
  readonly key: string;
}

/**
 * Robosignatory: signs what enters a pending-signing tag and moves it on, one message at a time.
 *
 * Rule point `signing.sign`, subject NVR: `'never'` loses the message, so that the build stays where it is until it is tagged again;
 * `{delayMs}` takes that much longer, which the messages behind it feel too.
 */
export function openSigning(kit: Kit, koji: KojiPort): void {
  kit.subscribe('buildsys.tag', async (message) => {
    const order = readOrder(kit, message);
    if (order === undefined) return;
    const ruled = kit.hooks.rule('signing.sign', order.nvr);
    if (ruled === 'never') return;
    const due = message.sentAt + kit.delay('signing.sign', order.nvr, SIGNING);
    const work = kit.delay('signing.work', order.nvr, WORK);
    await pause(kit, Math.max(due - kit.clock.now(), work) + extraDelay(ruled));
    sign(koji, order);
  });
}

function extraDelay(ruled: unknown): number {
  const delayMs = typeof ruled === 'object' && ruled !== null && 'delayMs' in ruled ? ruled.delayMs : 0;
  return typeof delayMs === 'number' ? delayMs : 0;
}

function readOrder(kit: Kit, { body }: Message): Order | undefined {
  const { name, version, release: buildRelease, tag, user } = body;
  if (typeof tag !== 'string') return undefined;
  const nvr = `${name}-${version}-${buildRelease}`;
  const release = kit.world.releases.find(({ pending_signing_tag }) => pending_signing_tag === tag);
  if (release !== undefined) {
    return { nvr, from: tag, to: release.pending_testing_tag, key: release.signing_key };
  }
  const sideTag = /^(?<side>(?<base>.+)-side-\d+)-signing-pending$/.exec(tag)?.groups;
  const base = kit.world.releases.find(({ build_tag }) => build_tag === sideTag?.['base']);
  if (sideTag === undefined || base === undefined || user !== TRUSTED_TAGGER) return undefined;
  return { nvr, from: tag, to: `${sideTag['side']}-testing-pending`, key: base.signing_key };
}

function sign(koji: KojiPort, { nvr, from, to, key }: Order): void {
  // Somebody took the build away meanwhile: an unsigned or unwanted move does not happen.
  if (koji.build(nvr)?.tags.includes(from) !== true) return;
  koji.sign(nvr, key);
  koji.untag(nvr, from, SIGNER);
  koji.tag(nvr, to, SIGNER);
}

function pause(kit: Kit, ms: number): Promise<void> {
  return new Promise((resolve) => kit.clock.after(ms, resolve));
}
