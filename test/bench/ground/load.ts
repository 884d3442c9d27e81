import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { argv, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';

export interface Load {
  /** Requests under way at any time, each on a connection that stays open. */
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly requests: number;
  /** Answers that were not HTTP 200, and those that never came. */
  readonly failed: number;
  /** Milliseconds until the whole answer was there. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Posts one body again and again; run it in a process of its own, or it takes its time from what it measures. */
export async function requestsPerSecond(
  url: string,
  body: string,
  { connections, seconds }: Load,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const headers = { 'content-type': 'text/xml', 'content-length': Buffer.byteLength(body) };
  const took: number[] = [];
  let failed = 0;

  const post = () =>
    new Promise<void>((resolve) => {
      const since = performance.now();
      const asked = request(url, { method: 'POST', agent, headers }, (answer) => {
        answer.resume();
        answer.on('end', () => {
          if (answer.statusCode !== 200) failed += 1;
          took.push(performance.now() - since);
          resolve();
        });
      });
      asked.on('error', () => {
        failed += 1;
        resolve();
      });
      asked.end(body);
    });

  const start = performance.now();
  const end = start + seconds * 1000;
  const worker = async () => {
    while (performance.now() < end) await post();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsed = (performance.now() - start) / 1000;
  agent.destroy();
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return {
    perSecond: Math.round((took.length - failed) / elapsed),
    requests: took.length,
    failed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

// As a process: URL BODY [SECONDS [CONNECTIONS]], the result as JSON.
if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  const [url = '', body = '', seconds = '5', connections = '8'] = argv.slice(2);
  const load = { connections: Number(connections), seconds: Number(seconds) };
  stdout.write(`${JSON.stringify(await requestsPerSecond(url, body, load))}\n`);
}
