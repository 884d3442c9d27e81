import type { Bench, Figure, Group } from './harness.ts';
import { measureGrowth } from './service/growth.ts';
import { measureIdle } from './service/idle.ts';
import { measureInFlight } from './service/in-flight.ts';
import { measureLateness } from './service/lateness.ts';
import { measureScrape } from './service/metrics.ts';
import { simulatePages } from './service/pages.ts';
import { measureStart } from './service/start.ts';

const SPEED = 300;
const SEEDS = 20;

/** What somebody meets who lets `packprobe serve` run for months. */
export const service: Group = {
  summary: 'how late runs start, what a service costs that waits, how its store grows (eight minutes)',
  async *measure(bench) {
    yield* lateness(bench);
    yield* scrape(bench);
    yield* pages(bench);
    {
      await using sandbox = await bench.sandbox({ speed: 1 });
      yield* measureIdle(bench, sandbox);
    }
    await using sandbox = await bench.sandbox({ speed: SPEED });
    yield* measureStart(bench, sandbox);
    yield* measureGrowth(bench, sandbox);
    yield* measureInFlight(bench, sandbox, SPEED);
  },
};

async function* lateness(bench: Bench): AsyncIterable<Figure> {
  bench.say('10,000 due times of 500 probes');
  const { p99, max, count } = await measureLateness(bench.dir, bench.signal);
  const measured = `${count} due times, each until it is decided in the database`;
  yield { name: 'lateness', value: p99, unit: 'ms', aim: { atMost: 25 }, measured: `99 of 100; ${measured}` };
  yield { name: 'lateness-most', value: max, unit: 'ms', aim: { atMost: 250 }, measured };
}

async function* scrape(bench: Bench): AsyncIterable<Figure> {
  bench.say('scrapes with the history of 100,000 runs');
  const { median, p99, quiet, series, bytes } = await measureScrape();
  yield {
    name: 'scrape',
    value: median,
    unit: 'ms',
    aim: { atMost: 50 },
    measured: `median, each after something has happened; 99 of 100 within ${p99.toFixed(1)} ms, ${quiet.toFixed(1)} ms where nothing has, ${(bytes / 1e6).toFixed(1)} MB`,
  };
  yield {
    name: 'series',
    value: series,
    unit: 'series',
    aim: { atMost: 5000 },
    measured: 'of one environment with seven probes of twelve steps, all labels in use',
  };
}

async function* pages(bench: Bench): AsyncIterable<Figure> {
  bench.say(`${SEEDS} times 90 simulated days, and an outage of each system`);
  const told = await simulatePages(SEEDS);
  yield {
    name: 'false-pages',
    value: told.false_pages,
    unit: 'pages',
    aim: { atMost: 1 },
    measured: `mean of ${told.seeds} times 90 days with 2 % chance failures; ${told.false_pages_max} in the worst`,
  };
  yield {
    name: 'delay-to-page',
    value: told.missed === 0 ? told.delay_rounds : Number.NaN,
    unit: 'rounds',
    aim: { atMost: 1 },
    measured: `confirming runs until people are told, at most; ${told.delay_rounds_with_chance.toFixed(2)} on average where other steps fail by chance meanwhile; ${told.missed} of ${told.outages} outages were not told`,
  };
}
