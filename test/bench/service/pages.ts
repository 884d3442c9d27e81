import { HOUR_MS, IncidentWorld, START, siteProbe, type Trouble } from '../../support/incident-world.ts';

/** Each run fails by chance with this share, at any of its steps alike. */
const CHANCE = 0.02;
const DAYS = 90;
/** Longest that an outage is looked at: the slowest probe comes by in that time. */
const OUTAGE_MS = 20 * HOUR_MS;

export interface Pages {
  /** Pages within 90 days without any outage: mean over the seeds, and of the worst seed. */
  readonly false_pages: number;
  readonly false_pages_max: number;
  /** Confirming runs between the first run that met an outage and the page, at most. */
  readonly delay_rounds: number;
  /** The same where other steps go on failing by chance meanwhile: mean. */
  readonly delay_rounds_with_chance: number;
  /** Outages that were never told. */
  readonly missed: number;
  readonly outages: number;
  readonly seeds: number;
}

interface Planned {
  readonly probe: string;
  readonly at: number;
  readonly cause: 'schedule' | 'retry' | 'confirm';
  readonly of?: string;
}

/**
 * What people would be told by the default rules, with `scratch-build` every hour and `single-build` every 8 hours: every run goes through the real
 * digest, and what it asks for is run at once. Time is only counted.
 */
export async function simulatePages(seeds: number): Promise<Pages> {
  const falsePages: number[] = [];
  const rounds: number[] = [];
  const withChance: number[] = [];
  let missed = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const draw = generator(seed);
    falsePages.push(await pagesByChance(draw));
    for (const system of SYSTEMS) {
      const quiet = await roundsOfOutage(system, () => undefined);
      const noisy = await roundsOfOutage(system, (probe) => byChance(probe, draw));
      if (quiet !== undefined) rounds.push(quiet);
      if (noisy !== undefined) withChance.push(noisy);
      missed += Number(quiet === undefined) + Number(noisy === undefined);
    }
  }
  return {
    false_pages: mean(falsePages),
    false_pages_max: Math.max(...falsePages),
    delay_rounds: Math.max(...rounds),
    delay_rounds_with_chance: mean(withChance),
    missed,
    outages: 2 * seeds * SYSTEMS.length,
    seeds,
  };
}

const PROBES = [siteProbe('single-build'), siteProbe('scratch-build')];
const SYSTEMS = [...new Set(PROBES.flatMap(({ systems }) => systems))];

const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;

type Draw = () => number;
type Mishap = (probe: string) => Trouble | undefined;

async function pagesByChance(draw: Draw): Promise<number> {
  const world = new IncidentWorld(undefined, PROBES);
  await play(world, START + DAYS * 24 * HOUR_MS, (probe) => byChance(probe, draw));
  return world.told.filter((text) => /opened|flapping/.test(text)).length;
}

/** Confirming runs until an outage that begins after a day was told; undefined where it never was. */
async function roundsOfOutage(system: string, mishap: Mishap): Promise<number | undefined> {
  const world = new IncidentWorld(undefined, PROBES);
  const begins = START + 24 * HOUR_MS;
  let met = false;
  let rounds = 0;
  let told: number | undefined;
  await play(
    world,
    begins + OUTAGE_MS,
    (probe, planned) => {
      const broken = stepsOf(probe).find((step) => step.system === system);
      const chance = mishap(probe);
      if (planned.at < begins || broken === undefined) return chance;
      const ids = stepsOf(probe).map(({ id }) => id);
      const isEarlier = chance !== undefined && ids.indexOf(chance.step) < ids.indexOf(broken.id);
      return isEarlier ? chance : { step: broken.id };
    },
    (planned, failed) => {
      if (planned.at < begins || told !== undefined) return;
      if (met && planned.cause !== 'schedule') rounds += 1;
      met ||= failed.includes(system);
      if (world.told.some((text) => text.startsWith(`${system} `))) told = rounds;
    },
  );
  return told;
}

function stepsOf(probe: string) {
  return PROBES.find(({ name }) => name === probe)?.plan.steps ?? [];
}

function byChance(probe: string, draw: Draw): Trouble | undefined {
  if (draw() >= CHANCE) return undefined;
  const steps = stepsOf(probe);
  const step = steps[Math.floor(draw() * steps.length)];
  return step === undefined ? undefined : { step: step.id };
}

/** All due times up to `end`, and what the digests ask for, in the order of their times. */
async function play(
  world: IncidentWorld,
  end: number,
  mishap: (probe: string, planned: Planned) => Trouble | undefined,
  after: (planned: Planned, failed: readonly string[]) => void = () => {},
): Promise<void> {
  const asked: Planned[] = [];
  const next = new Map(
    PROBES.map(({ name, intervalMs = HOUR_MS }, index) => [
      name,
      { at: START + index * 600_000, intervalMs },
    ]),
  );
  for (;;) {
    const [probe, due] = [...next].toSorted((a, b) => a[1].at - b[1].at)[0] ?? [];
    if (probe === undefined || due === undefined) return;
    const first = asked.toSorted((a, b) => a.at - b.at)[0];
    const planned: Planned =
      first !== undefined && first.at <= due.at ? first : { probe, at: due.at, cause: 'schedule' };
    if (planned.at > end) return;
    if (planned === first) asked.splice(asked.indexOf(first), 1);
    else next.set(probe, { ...due, at: due.at + due.intervalMs });
    const trouble = mishap(planned.probe, planned);
    const { dues, evidence } = await world.run({ ...planned, trouble });
    for (const { probe: name, due_at, cause, of = '' } of dues) {
      if (cause === 'retry' || cause === 'confirm') asked.push({ probe: name, at: due_at, cause, of });
    }
    after(
      planned,
      evidence.filter(({ good }) => !good).map(({ system }) => system),
    );
  }
}

/** Mulberry32: the same numbers for the same seed, everywhere. */
function generator(seed: number): Draw {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
